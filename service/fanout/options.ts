import type { Event, Group, Stream } from './stream.ts';

/** What the core is told once: numbers of the policy, and who wants to know what happens. */
export interface FanoutOptions<E extends Event, Reason> {
  readonly heartbeatMs: number;
  /** What a stream gets after that much silence, in its framing. */
  readonly heartbeat: (stream: Stream<E>) => Buffer;
  /** A stream whose outlet has been full for this long is closed as slow, however little it holds. */
  readonly stallMs: number;
  /** A stream with more unsent bytes than this, in its socket and in the ring, is closed. */
  readonly slowClientBytes: number;
  readonly reasons: { readonly age: Reason; readonly expired: Reason; readonly slow: Reason };
  /** The last bytes a stream gets before it is closed for a reason. */
  readonly goodbye: (reason: Reason, stream: Stream<E>) => Buffer;
  /**
   * A stream whose filter lets little through keeps its last id while history goes on, and would be told of a loss that
   * does not concern it. So a group gets an entry that says nothing but its position, when this many events or this
   * much of the order have passed it by.
   */
  readonly mark?: {
    readonly events: number;
    readonly positions: number;
    readonly bytes: (group: Group<E>, position: number) => Buffer;
  };
  /** `reason` is undefined when the other side left. */
  readonly closed?: (stream: Stream<E>, reason: Reason | undefined) => void;
  /** A pass over a group is done; the oldest event it handed out stands at `position`. */
  readonly swept?: (position: number) => void;
  /** A group that nobody came back to is forgotten. */
  readonly forgotten?: (group: Group<E>) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** What a stream is opened with. */
export type Opening<E extends Event> = Pick<
  Stream<E>,
  'id' | 'owner' | 'group' | 'outlet' | 'framing' | 'heartbeat' | 'expires'
> & {
  readonly endsInMs: number;
};
