import type { StoredEvent } from '../broker/broker.ts';
import type { Framing } from '../fanout/frame.ts';

/** Something the service itself says on a stream: that it is open, has a gap, is about to close. */
export interface Notice {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Where the client stands from here on; absent where that does not change. */
  readonly id?: string | undefined;
  readonly retryMs?: number;
}

/** How one edge puts things into bytes. */
export interface Wire {
  readonly event: (event: StoredEvent, id: string) => Buffer;
  readonly notice: (notice: Notice) => Buffer;
  /** Where the client stands from here on, and nothing else. */
  readonly mark: (id: string) => Buffer;
  /** Carries no id: a heartbeat moves no resume point. In its framing already, because all streams share it. */
  readonly heartbeat: (kind: HeartbeatKind, framing: Framing, store: 'usual' | 'storeLost') => Buffer;
}

/** Hidden from scripts, or an event that they can see. */
export type HeartbeatKind = 'comment' | 'event';

/** An event as one JSON object, on the edges that have no fields of their own for its id and type. */
export function messageOf({ channel, type, data }: StoredEvent, id: string): string {
  return `{"id":"${id}","channel":${JSON.stringify(channel)},"type":${JSON.stringify(type ?? 'message')},"data":${data}}`;
}
