import type { GapReason } from '../../lib/policy/index.ts';
import type { BrokerListener, Cursor, Page, StoredEvent } from './broker.ts';

type Read = (channels: readonly string[], after: number, upTo: number) => Promise<Page>;

/** One thing that came in on the subscription. */
type Notice =
  | { readonly kind: 'event'; readonly epoch: string; readonly event: StoredEvent; readonly previous: number }
  | { readonly kind: 'beat'; readonly cursor: Cursor; readonly lost: number; readonly done: (error?: Error) => void };

/**
 * Puts what a replica hears into order and completes it. Notices are handled one by one; where something was missed, the
 * history is read first and everything behind it waits. What cannot be completed is announced as a gap.
 *
 * The invariant: of every channel in `#seen`, each event up to `here` has been handed to the listener.
 */
export class Intake {
  readonly #listener: BrokerListener;
  readonly #read: Read;
  /** The last event of each held channel that was handed on, by position. */
  readonly #seen = new Map<string, number>();
  #waiting: Notice[] = [];
  #here: Cursor | undefined;
  /** Up to here the store may have lost events, as far as anybody has been told. */
  #lost = 0;
  #busy = false;
  /** The connection was away: what came after `here` has to be read before anything new counts. */
  #stale = false;
  /** Counts connections, so that reading on behalf of an earlier one does not speak for the next. */
  #connection = 0;

  constructor(listener: BrokerListener, read: Read) {
    this.#listener = listener;
    this.#read = read;
  }

  get here(): Cursor | undefined {
    return this.#here;
  }

  event(epoch: string, event: StoredEvent, previous: number): void {
    this.#take({ kind: 'event', epoch, event, previous });
  }

  /**
   * `done` is called when everything before the beat has been handed on, or with what kept it from that. Up to `lost` the
   * store may be without events that it had accepted.
   */
  beat(cursor: Cursor, done: (error?: Error) => void, lost = 0): void {
    this.#take({ kind: 'beat', cursor, lost, done });
  }

  /** From `here` on, the channel belongs to what is completed after an interruption. */
  attend(channel: string): void {
    if (!this.#seen.has(channel)) this.#seen.set(channel, this.#here?.position ?? 0);
  }

  forget(channel: string): void {
    this.#seen.delete(channel);
  }

  /** The connection is gone, and with it whatever was under way. */
  interrupt(): void {
    this.#connection++;
    this.#stale = true;
    this.#waiting = [];
  }

  #take(notice: Notice): void {
    this.#waiting.push(notice);
    if (!this.#busy) void this.#work();
  }

  /** What needs no reading is handled without a pause, so that live events are handed on in the turn they came in. */
  async #work(): Promise<void> {
    this.#busy = true;
    for (let notice = this.#waiting.shift(); notice !== undefined; notice = this.#waiting.shift()) {
      try {
        const reading = notice.kind === 'beat' ? this.#onBeat(notice.cursor, notice.lost) : this.#onEvent(notice);
        if (reading) await reading;
        if (notice.kind === 'beat') notice.done();
      } catch (error) {
        // The store went away while it was read. The next beat tries again from the same place.
        this.#stale = true;
        if (notice.kind === 'beat') notice.done(error as Error);
      }
    }
    this.#busy = false;
  }

  #onBeat(cursor: Cursor, lost: number): Promise<void> | undefined {
    const known = this.#lost;
    this.#lost = lost;
    if (this.#here === undefined) {
      this.#here = cursor;
      this.#stale = false;
      return undefined;
    }
    if (cursor.epoch !== this.#here.epoch) return this.#restart(cursor);
    const held = lost > known ? [...this.#seen.keys()] : [];
    if (held.length > 0) this.#tellGap(held, 'store-lost');
    if (this.#stale) return this.#complete(cursor.position, held);
    this.#advance(cursor.position);
    return undefined;
  }

  #onEvent({ epoch, event, previous }: Notice & { kind: 'event' }): Promise<void> | undefined {
    // before the first beat of a connection nothing is sure; the beat reads what is dropped here
    if (this.#here === undefined || this.#stale) return undefined;
    if (epoch !== this.#here.epoch) return this.#restart({ epoch, position: event.position });
    const seen = this.#seen.get(event.channel);
    if (seen !== undefined && previous > seen) return this.#fill(event, seen);
    this.#hand(event);
    return undefined;
  }

  /** The store began a new history: nobody's cursor is worth anything, and all that the new one holds is news. */
  #restart({ epoch, position }: Cursor): Promise<void> {
    this.#here = { epoch, position: 0 };
    for (const channel of this.#seen.keys()) this.#seen.set(channel, 0);
    this.#tellGap('all', 'store-lost');
    // that something is missing everybody has just been told
    return this.#complete(position, [...this.#seen.keys()]);
  }

  /** Reads every held channel from `here` up to a position, and hands on what is new. */
  async #complete(upTo: number, toldOf: readonly string[] = []): Promise<void> {
    const connection = this.#connection;
    let told = toldOf;
    for (let after = this.#here?.position ?? 0; after < upTo && this.#seen.size > 0; ) {
      const page = await this.#read([...this.#seen.keys()], after, upTo);
      const news = page.evicted.filter((channel) => !told.includes(channel));
      if (news.length > 0) this.#tellGap(news, 'evicted');
      told = [...told, ...news];
      for (const event of page.events) this.#hand(event);
      this.#advance(page.upTo);
      after = page.upTo;
    }
    this.#advance(upTo);
    if (connection === this.#connection) this.#stale = false;
  }

  /**
   * A notice names a predecessor that was never heard. It is read and handed on late, behind events of other channels
   * that a client may already have resumed after: hence the gap.
   */
  async #fill(event: StoredEvent, seen: number): Promise<void> {
    this.#tellGap([event.channel], 'store-lost');
    for (let after = seen; after < event.position; ) {
      const page = await this.#read([event.channel], after, event.position);
      for (const missed of page.events) this.#hand(missed);
      after = page.upTo;
    }
    this.#hand(event);
  }

  #hand(event: StoredEvent): void {
    const seen = this.#seen.get(event.channel);
    if (seen !== undefined && event.position <= seen) return;
    // a notice that was under way while its channel was given up must not make it a held one again
    if (seen !== undefined) this.#seen.set(event.channel, event.position);
    this.#advance(event.position);
    const position = this.#here?.position ?? event.position;
    this.#listener.event(position === event.position ? event : { ...event, position });
  }

  /** A notice takes a place of its own in the order, between what came before and what comes late. */
  #tellGap(channels: readonly string[] | 'all', reason: GapReason): void {
    this.#listener.gap(channels, reason);
    this.#advance((this.#here?.position ?? 0) + 1);
  }

  #advance(position: number): void {
    if (this.#here && position > this.#here.position) this.#here = { epoch: this.#here.epoch, position };
  }
}
