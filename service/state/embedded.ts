import type { SharedState } from './state.ts';

interface Entry {
  readonly value: string;
  readonly endsAt: number;
}

const sweepMs = 60_000;

/** State inside the process: one replica, gone with it. */
export class EmbeddedState implements SharedState {
  readonly #entries = new Map<string, Entry>();
  readonly #lists = new Map<string, Map<string, number>>();
  readonly #now: () => number;

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    setInterval(() => this.#sweep(), sweepMs).unref();
  }

  async put(key: string, value: string, lifeMs: number): Promise<void> {
    this.#entries.set(key, { value, endsAt: this.#now() + lifeMs });
  }

  async get(key: string): Promise<string | undefined> {
    return this.#valueOf(key);
  }

  /** Without a pause between reading and removing: somebody else could take it meanwhile. */
  async take(key: string): Promise<string | undefined> {
    const value = this.#valueOf(key);
    this.#entries.delete(key);
    return value;
  }

  async note(list: string, name: string, at: number, lifeMs: number): Promise<void> {
    const known = this.#lists.get(list) ?? new Map<string, number>();
    this.#lists.set(list, known);
    known.set(name, Math.max(at, known.get(name) ?? at));
    for (const [one, time] of known) if (time < this.#now() - lifeMs) known.delete(one);
  }

  async notes(list: string): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#lists.get(list));
  }

  #valueOf(key: string): string | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.endsAt > this.#now() ? entry.value : undefined;
  }

  #sweep(): void {
    const now = this.#now();
    for (const [key, { endsAt }] of this.#entries) if (endsAt <= now) this.#entries.delete(key);
  }
}
