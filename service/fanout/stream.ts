import type { Framing } from './frame.ts';
import type { Ring } from './ring.ts';

/** Where a stream's bytes go: a socket, seen from here. */
export interface Outlet {
  /** Takes the bytes; false when it is full, and `Fanout.drained` will be called. */
  write(bytes: Buffer): boolean;
  /** Bytes taken but not sent. */
  readonly unsentBytes: number;
  /** Takes the last bytes, which say why, and ends once they are sent. */
  end(bytes: Buffer, reason: string): void;
  /** Ends at once, whatever is unsent. */
  destroy(): void;
}

/** Of a stream whose other side is gone. */
export const nowhere: Outlet = { write: () => true, unsentBytes: 0, end: () => {}, destroy: () => {} };

/** What the core has to know of an event. */
export interface Event {
  readonly channel: string;
  readonly position: number;
  readonly type?: string | undefined;
}

/** What a group's bytes look like; the core hands them on as they are. */
export type Shape = 'plain' | 'envelope' | 'message' | 'line';

/** Equal subscriptions share one group: the same channels, filter and shape, hence the very same bytes. */
export interface Subscription<E extends Event> {
  readonly key: string;
  readonly channels: readonly string[];
  readonly shape: Shape;
  readonly accepts: (event: E) => boolean;
  readonly frame: (event: E) => Buffer;
}

export interface Group<E extends Event> extends Subscription<E> {
  readonly ring: Ring;
  /** Unordered: a stream that leaves swaps places with the last one. */
  readonly streams: Stream<E>[];
  /** The index up to which the last sweep has served everybody who could take it. */
  swept: number;
  dirty: boolean;
  /** Events of its channels that it did not want, since its last entry. */
  passed: number;
}

export interface Stream<E extends Event> {
  readonly id: string;
  /** Whose it is. */
  readonly owner: string | undefined;
  group: Group<E>;
  outlet: Outlet;
  readonly framing: Framing;
  /** Which heartbeats it asked for. */
  readonly heartbeat: 'comment' | 'event' | 'off';
  /** When it was opened, on the core's clock in milliseconds. */
  readonly openedAt: number;
  /** When it ends by age, on the core's clock in milliseconds. */
  readonly endsAt: number;
  /** It ends because its owner's rights do, and not because it is old. */
  readonly expires: boolean;
  /** Index into the group's ring of the next entry to send; `undefined` while it is being replayed to. */
  next: number | undefined;
  /** Its place in the group's list. */
  place: number;
  /** The outlet is full. */
  blocked: boolean;
  closed: boolean;
  /** It joined with a lag of its own and has yet to come up with the log: that lag does not make it slow. */
  catchingUp: boolean;
  writtenAt: number;
  /** Called once when the outlet can take more or the stream is closed. */
  waiting: (() => void) | undefined;
}
