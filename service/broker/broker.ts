import type { GapReason } from '../../lib/policy/index.ts';

/** An event before it is published. */
export interface Draft {
  readonly type?: string | undefined;
  /** JSON text. */
  readonly data: string;
}

/** An event as the broker keeps it and hands it out. */
export interface StoredEvent extends Draft {
  readonly channel: string;
  /** Its place in the broker's one order over all channels; see position.ts. */
  readonly position: number;
}

/**
 * How far a client has come: everything up to `position`, on all channels of its stream, in the history that `epoch`
 * names. A store that lost its history begins a new epoch, and old cursors no longer compare.
 */
export interface Cursor {
  readonly epoch: string;
  readonly position: number;
}

/** A part of the history, in order. */
export interface Page {
  readonly events: readonly StoredEvent[];
  /** Everything up to here is in this page or the ones before it; the page is the last one when it is the bound asked for. */
  readonly upTo: number;
  /** Channels that have lost events after the place the page was asked from. */
  readonly evicted: readonly string[];
}

/** Who is told what happens on held channels, always in the order of positions. */
export interface BrokerListener {
  readonly event: (event: StoredEvent) => void;
  /** Events may be missing from here on, for everybody who listens to these channels. */
  readonly gap: (channels: readonly string[] | 'all', reason: GapReason) => void;
}

/**
 * The store did not do it, and the caller should try again later. Where the store was asked and did not answer, the
 * message says that it may have happened all the same; a publish with a key can be repeated without a second event.
 */
export class StoreUnavailable extends Error {
  constructor(cause: unknown, message = 'the event store cannot be reached') {
    super(message, { cause });
    this.name = 'StoreUnavailable';
  }
}

/** Makes a publish safe to repeat. */
export interface Once {
  /** Names the publish, within its channel: printable, free of spaces. */
  readonly key: string;
  /** Equal for equal bodies: printable, free of spaces. */
  readonly fingerprint: string;
}

/** The key of a publish was used before, for something else. */
export class KeyReused extends Error {
  constructor() {
    super('this key was used before to publish something else');
    this.name = 'KeyReused';
  }
}

/** The cursors of published events, in order. */
export interface Published extends ReadonlyArray<Cursor> {
  /** They were published before, under the same key. */
  readonly repeated?: boolean;
}

/**
 * Where events go and come from. One atomic step of `publish` writes the history and tells the replicas, so that the
 * two cannot disagree. Positions are shared by all replicas of one store, which is what lets a cursor travel.
 */
export interface Broker {
  /** Begins to hand events to the listener. Resolves when the store has been reached once. */
  start(listener: BrokerListener): Promise<void>;
  /**
   * Publishes, in one step. With `once` a repetition publishes nothing, and is answered like the first; the key is kept
   * for `onceMs`, and no longer than the history's epoch.
   *
   * @throws StoreUnavailable
   * @throws KeyReused
   */
  publish(channel: string, drafts: readonly Draft[], once?: Once): Promise<Published>;
  /** Once resolved, no event of the channel after `here()` goes unheard. Counted: release as often as held. @throws StoreUnavailable */
  hold(channel: string): Promise<void>;
  release(channel: string): void;
  /** Every event up to here, on held channels, has been handed to the listener. */
  here(): Cursor;
  /** Waits for `here()` to come up with the store. @throws StoreUnavailable */
  catchUp(): Promise<void>;
  /** One page of the channels' history, after a position and up to another. @throws StoreUnavailable */
  replay(channels: readonly string[], after: number, upTo: number): Promise<Page>;
  /** Events are heard, up to now, and the store can be asked. */
  readonly connected: boolean;
  /** How far what is heard is behind what is published, in seconds. */
  readonly lagSeconds: number;
  close(): Promise<void>;
}

/** What both brokers have to know of the policy. */
export interface History {
  readonly replaySeconds: number;
  readonly replayMaxEvents: number;
}

/** Events in one page at most, over all its channels. */
export const pageEvents = 500;

/** How long a key is kept at least: who repeats a publish does so within minutes, by itself. */
const leastOnceMs = 600_000;

/** How long the key of a publish is kept: as long as its event, and ten minutes at least. */
export const onceMs = ({ replaySeconds }: History): number => Math.max(leastOnceMs, replaySeconds * 1000);
