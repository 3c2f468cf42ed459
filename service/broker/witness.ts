/** An event that the store once had. */
export interface Testimony {
  readonly epoch: string;
  readonly channel: string;
  readonly position: number;
}

const nothing: Testimony = { epoch: '', channel: '', position: 0 };

/**
 * The newest event that one connection of a replica knows the store to have had: because it was answered, or because it
 * was heard. A store that comes back without it has lost writes. After an interruption it is the newest from before that
 * counts, until a store has confirmed it: what comes since may come from another store.
 */
export class Witness {
  #newest = nothing;
  #pinned: Testimony | undefined;

  get testimony(): Testimony {
    return this.#pinned ?? this.#newest;
  }

  saw(epoch: string, channel: string, position: number): void {
    if (epoch === this.#newest.epoch && position <= this.#newest.position) return;
    this.#newest = { epoch, channel, position };
  }

  /** The connection was lost: whoever answers next may be another. */
  interrupted(): void {
    this.#pinned ??= this.#newest;
  }

  /** A store has looked for this one, and noted its loss where it is missing. */
  confirmed(testimony: Testimony): void {
    if (this.#pinned === testimony) this.#pinned = undefined;
  }
}
