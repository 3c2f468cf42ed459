import type { Event, Group, Stream } from './stream.ts';

/** A sweep gives way to accepting, probes and publishing after this long. */
const sliceMs = 4;
/** Streams served between two looks at the clock. */
const streamsPerLook = 32;

interface SweeperOptions<E extends Event> {
  /** Takes a stream from where it stands towards the head of its group's log. */
  readonly deliver: (stream: Stream<E>, now: number) => void;
  /** A pass over a group is done; the oldest event it handed out stands at `position`. */
  readonly swept: ((position: number) => void) | undefined;
  readonly now: () => number;
}

/** Takes the streams of groups with news to the head of their log, group by group and slice by slice. */
export class Sweeper<E extends Event> {
  readonly #options: SweeperOptions<E>;
  /** Groups with something to sweep, and how far the first one's pass has come (downwards, see #sweep). */
  #dirty: Group<E>[] = [];
  #pass: { readonly head: number; index: number } | undefined;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(options: SweeperOptions<E>) {
    this.#options = options;
  }

  /** The group's log has grown. */
  grown(group: Group<E>): void {
    if (group.dirty) return;
    group.dirty = true;
    this.#dirty.push(group);
    this.#schedule();
  }

  /** Serves everybody now, as far as their outlets take it. */
  flush(): void {
    const now = this.#options.now();
    for (const group of this.#dirty) for (const stream of [...group.streams]) this.#options.deliver(stream, now);
  }

  stop(): void {
    clearImmediate(this.#scheduled);
  }

  /** After the I/O callbacks of this turn of the loop: what arrives together leaves together, and nothing waits longer. */
  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      this.#slice();
    });
  }

  #slice(): void {
    const { now } = this.#options;
    const ends = now() + sliceMs;
    while (this.#dirty.length > 0) {
      const finished = this.#sweep(this.#dirty[0] as Group<E>, ends);
      if (finished) this.#dirty.shift();
      if (!finished || (now() >= ends && this.#dirty.length > 0)) {
        this.#schedule();
        return;
      }
    }
  }

  /**
   * One pass over a group's streams, as far as the slice lasts; true when everybody is at the head. The list is walked
   * downwards: a stream that leaves is replaced by the last one, which this pass has already served.
   */
  #sweep(group: Group<E>, ends: number): boolean {
    let now = this.#options.now();
    for (;;) {
      this.#pass ??= { head: group.ring.head, index: group.streams.length };
      const pass = this.#pass;
      for (pass.index = Math.min(pass.index, group.streams.length); pass.index > 0; ) {
        pass.index--;
        this.#options.deliver(group.streams[pass.index] as Stream<E>, now);
        if (pass.index % streamsPerLook === 0) {
          now = this.#options.now();
          if (now >= ends && pass.index > 0) return false;
        }
      }
      this.#pass = undefined;
      this.#report(group, pass.head);
      // what came while the pass was paused has been seen only by the streams after the pause
      if (group.ring.head === pass.head) break;
    }
    group.dirty = false;
    return true;
  }

  #report(group: Group<E>, head: number): void {
    const from = Math.max(group.swept, group.ring.first);
    if (from < head) this.#options.swept?.(group.ring.positionAt(from));
    group.swept = head;
  }
}
