import type { Outlet } from './stream.ts';

/** A stream that was told goodbye but takes no bytes is destroyed after this long. */
const patienceMs = 5000;

/** Outlets that have been given their last bytes and are not gone yet. */
export class Goodbyes {
  /** When each runs out of time; the earliest first. */
  readonly #deadlines = new Map<Outlet, number>();

  said(outlet: Outlet, now: number): void {
    this.#deadlines.set(outlet, now + patienceMs);
  }

  gone(outlet: Outlet): void {
    this.#deadlines.delete(outlet);
  }

  destroyOverdue(now: number): void {
    for (const [outlet, deadline] of this.#deadlines) {
      if (now < deadline) break;
      this.#deadlines.delete(outlet);
      outlet.destroy();
    }
  }

  /** Waits until all are gone, and no longer than `forMs`. */
  async sent(forMs: number): Promise<void> {
    const ends = performance.now() + forMs;
    while (this.#deadlines.size > 0 && performance.now() < ends)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  destroyAll(): void {
    this.destroyOverdue(Number.POSITIVE_INFINITY);
  }
}
