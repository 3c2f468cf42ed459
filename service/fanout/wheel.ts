/** Something that wants a turn at a time. */
export interface Turn {
  /** Set once it wants no more turns; the wheel forgets it when it comes by. */
  closed: boolean;
}

/**
 * One timer for any number of streams: a ring of slots, each holding what is due in one tick. Turns are as exact as a
 * tick; a turn beyond the horizon comes early and may ask again.
 */
export class Wheel<T extends Turn> {
  readonly #slots: T[][];
  readonly #tickMs: number;
  readonly #turn: (one: T, now: number) => number;
  #tick: number;

  /** `turn` is given each due item and returns when it wants its next turn, in milliseconds of the same clock. */
  constructor({
    horizonMs,
    tickMs,
    now,
    turn,
  }: { horizonMs: number; tickMs: number; now: number; turn: (one: T, now: number) => number }) {
    this.#slots = Array.from({ length: Math.ceil(horizonMs / tickMs) + 2 }, () => []);
    this.#tickMs = tickMs;
    this.#turn = turn;
    this.#tick = Math.floor(now / tickMs);
  }

  add(one: T, due: number): void {
    const ahead = Math.floor(due / this.#tickMs) - this.#tick;
    const slot = this.#tick + Math.min(Math.max(ahead, 1), this.#slots.length - 1);
    this.#slotOf(slot).push(one);
  }

  /** Gives every item its turn that has come due; after a pause of the process, all the slots it slept through. */
  advance(now: number): void {
    const target = Math.floor(now / this.#tickMs);
    for (let steps = Math.min(target - this.#tick, this.#slots.length); steps > 0; steps--) {
      this.#tick = target - steps + 1;
      const due = this.#slotOf(this.#tick);
      this.#slots[this.#tick % this.#slots.length] = [];
      for (const one of due) {
        if (one.closed) continue;
        const next = this.#turn(one, now);
        if (!one.closed) this.add(one, next);
      }
    }
  }

  #slotOf(tick: number): T[] {
    return this.#slots[tick % this.#slots.length] as T[];
  }
}
