import { controlEvents } from '../../lib/policy/index.ts';
import type { Outlet } from '../fanout/stream.ts';
import { type Line, linesOf } from '../wires/lines.ts';

/** An answer holds no more than this; what is left comes with the next poll. */
const mostEvents = 500;
const mostBytes = 1_048_576;

/** As `stream:gap` tells it: some of what came after `requested` is missing. */
export interface Gap {
  readonly channels: readonly string[];
  readonly requested: string;
  readonly reason: string;
}

/**
 * Collects what one long poll is answered with. A gap stands in front of the events: the answer ends before a later one,
 * which the next poll meets at its cursor.
 */
export class PollOutlet implements Outlet {
  readonly unsentBytes = 0;
  /** Each an event's JSON object. */
  readonly events: string[] = [];
  gap: Gap | undefined;
  /** The client stands here once it has what was collected. */
  cursor: string;
  /** Something has been left out that came after `cursor`. */
  full = false;
  /** Why the stream was ended from inside. */
  ended: string | undefined;
  /** Resolves when there is something to answer with, or nothing more will come. */
  readonly done: Promise<void>;
  #settle: () => void = () => {};
  #bytes = 0;
  #joined = false;
  #timer: NodeJS.Timeout | undefined;

  /** `cursor` is where the client stands before anything was collected. */
  constructor(cursor: string) {
    this.cursor = cursor;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** All that was there has been collected; what is still to come has this long. */
  wait(ms: number): void {
    this.#joined = true;
    if (this.#hasNews || ms === 0) this.#settle();
    else this.#timer = setTimeout(this.#settle, ms);
  }

  /** Nobody waits any more. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#settle();
  }

  write(bytes: Buffer): boolean {
    for (const one of linesOf(bytes)) this.#take(one);
    if (this.full || (this.#joined && this.#hasNews)) this.#settle();
    return !this.full;
  }

  end(_bytes: Buffer, reason: string): void {
    this.ended = reason;
    this.#settle();
  }

  destroy(): void {
    this.#settle();
  }

  get #hasNews(): boolean {
    return this.events.length > 0 || this.gap !== undefined;
  }

  #take({ kind, id, json }: Line): void {
    const full = this.events.length >= mostEvents || this.#bytes + json.length > mostBytes;
    this.full ||= this.events.length > 0 && (kind === 'notice' || full);
    if (this.full) return;
    if (kind === 'event') {
      this.events.push(json);
      this.#bytes += json.length;
    } else if (kind === 'notice') this.#hear(JSON.parse(json));
    if (id !== '') this.cursor = id;
  }

  #hear({ type, data }: { readonly type: string; readonly data: Gap }): void {
    if (type !== controlEvents.gap) return;
    // one right behind the other is one loss, as far as a client can tell
    const channels = [...new Set([...(this.gap?.channels ?? []), ...data.channels])];
    this.gap = { ...(this.gap ?? data), channels };
  }
}
