import { type Framing, framed } from './frame.ts';

/** One framed event of a group's log. */
interface Entry {
  /** The event's position in the broker's order. */
  readonly position: number;
  readonly bytes: Buffer;
  /** Bytes of all entries ever appended before this one. */
  readonly offset: number;
}

export interface RingLimits {
  /** Entries kept at most. */
  readonly entries: number;
  /** Bytes kept at most; at least what a stream may lag behind, so that a tolerated lag is always served from here. */
  readonly bytes: number;
  /** Bytes handed out for one write at most. */
  readonly batchBytes: number;
}

/** Bytes for one write, and the index that follows them. */
export interface Batch {
  readonly bytes: Buffer;
  readonly end: number;
}

/**
 * The shared log of one group: framed events by index, oldest dropped first. Streams hold an index into it and nothing
 * else; those that stand at the same index share the very same bytes.
 */
export class Ring {
  /** Every event of the group after this position is in the ring. */
  since: number;
  /** Index of the oldest entry. */
  #first = 0;
  #entries: Entry[] = [];
  /** Dropped entries still at the front of the array: cut off in bulk, because shifting one by one is quadratic. */
  #dead = 0;
  #total = 0;
  readonly #limits: RingLimits;
  readonly #batches: Record<Framing, Map<number, Batch>> = { raw: new Map(), chunked: new Map() };

  constructor(since: number, limits: RingLimits) {
    this.since = since;
    this.#limits = limits;
  }

  /** Index of the next entry to come. */
  get head(): number {
    return this.#first + this.#entries.length - this.#dead;
  }

  /** Everything of the group up to here has been in the ring. */
  get newest(): number {
    return this.head === this.#first ? this.since : this.#at(this.head - 1).position;
  }

  get first(): number {
    return this.#first;
  }

  append(position: number, bytes: Buffer): void {
    this.#entries.push({ position, bytes, offset: this.#total });
    this.#total += bytes.length;
    this.#batches.raw.clear();
    this.#batches.chunked.clear();
    const { entries, bytes: most } = this.#limits;
    while (this.head - this.#first > entries || (this.lagBytes(this.#first) > most && this.head - this.#first > 1))
      this.#drop();
  }

  /** Empties the ring; it holds everything after `since` from here on. Indices go on. */
  reset(since: number): void {
    this.#first = this.head;
    this.#entries = [];
    this.#dead = 0;
    this.since = since;
    this.#batches.raw.clear();
    this.#batches.chunked.clear();
  }

  /** The index of the first entry after `position`, or `undefined` when events in between are no longer here. */
  indexAfter(position: number): number | undefined {
    if (position < this.since) return undefined;
    let low = this.#first;
    let high = this.head;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).position > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The position of the entry at an index below the head. */
  positionAt(index: number): number {
    return this.#at(index).position;
  }

  /** Bytes between an index and the head. */
  lagBytes(index: number): number {
    return index >= this.head ? 0 : this.#total - this.#at(index).offset;
  }

  /** Everything from an index on, up to the batch limit; the same object for every stream that stands there. */
  batchFrom(index: number, framing: Framing): Batch {
    const known = this.#batches[framing].get(index);
    if (known) return known;
    let end = index;
    const parts: Buffer[] = [];
    for (let size = 0; end < this.head; end++) {
      const { bytes } = this.#at(end);
      size += bytes.length;
      if (size > this.#limits.batchBytes && parts.length > 0) break;
      parts.push(bytes);
    }
    const batch = { bytes: framed(framing, parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)), end };
    this.#batches[framing].set(index, batch);
    return batch;
  }

  #drop(): void {
    this.since = this.#at(this.#first).position;
    this.#first++;
    this.#dead++;
    if (this.#dead < 64 || this.#dead * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#dead);
    this.#dead = 0;
  }

  #at(index: number): Entry {
    const entry = this.#entries[index - this.#first + this.#dead];
    if (entry === undefined) throw new RangeError(`index ${index} is outside ${this.#first} to ${this.head - 1}`);
    return entry;
  }
}
