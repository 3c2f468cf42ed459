import type { SharedState } from './state.ts';

interface Entry {
  readonly value: string;
  readonly endsAt: number;
}

const sweepMs = 60_000;

/** State inside the process: one replica, gone with it. */
export class EmbeddedState implements SharedState {
  readonly #entries = new Map<string, Entry>();
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

  #valueOf(key: string): string | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.endsAt > this.#now() ? entry.value : undefined;
  }

  #sweep(): void {
    const now = this.#now();
    for (const [key, { endsAt }] of this.#entries) if (endsAt <= now) this.#entries.delete(key);
  }
}
