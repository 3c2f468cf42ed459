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

/** The store is away: nothing was published, and the caller should try again later. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the event store cannot be reached', { cause });
    this.name = 'StoreUnavailable';
  }
}

/**
 * Where events go and come from. One atomic step of `publish` writes the history and tells the replicas, so that the
 * two cannot disagree. Positions are shared by all replicas of one store, which is what lets a cursor travel.
 */
export interface Broker {
  /** Begins to hand events to the listener. Resolves when the store has been reached once. */
  start(listener: BrokerListener): Promise<void>;
  /** The cursors of the published events, in order. @throws StoreUnavailable */
  publish(channel: string, drafts: readonly Draft[]): Promise<readonly Cursor[]>;
  /** Once resolved, no event of the channel after `here()` goes unheard. Counted: release as often as held. @throws StoreUnavailable */
  hold(channel: string): Promise<void>;
  release(channel: string): void;
  /** Every event up to here, on held channels, has been handed to the listener. */
  here(): Cursor;
  /** Waits for `here()` to come up with the store. @throws StoreUnavailable */
  catchUp(): Promise<void>;
  /** One page of the channels' history, after a position and up to another. @throws StoreUnavailable */
  replay(channels: readonly string[], after: number, upTo: number): Promise<Page>;
  /** Publishing works and events are heard. */
  readonly connected: boolean;
  close(): Promise<void>;
}

/** What both brokers have to know of the policy. */
export interface History {
  readonly replaySeconds: number;
  readonly replayMaxEvents: number;
}

/** Events in one page at most, over all its channels. */
export const pageEvents = 500;
