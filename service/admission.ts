import { drawRetryMs, type SoftFailReason, type StreamPolicy } from '../lib/policy/index.ts';
import type { Pressure } from './pressure.ts';

/** A new stream that is turned away, and when it should come back. */
export interface Refusal {
  readonly reason: SoftFailReason;
  readonly retryMs: number;
}

/**
 * Lets in connectRatePerSecond new streams a second, a second's worth at once at most. Those beyond are lined up on the
 * clock: each is told to come back when its share of the rate comes round, so that a storm thins out by itself.
 */
export class Admission {
  readonly #policy: StreamPolicy;
  readonly #pressure: Pick<Pressure, 'high'>;
  readonly #now: () => number;
  /** Streams that may be let in right now. */
  #tokens: number;
  /** Streams that were told to come back and, at the full rate, cannot all have been let in yet. */
  #line = 0;
  #countedAt: number;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(
    policy: StreamPolicy,
    pressure: Pick<Pressure, 'high'> = { high: false },
    now: () => number = () => performance.now(),
  ) {
    this.#policy = policy;
    this.#pressure = pressure;
    this.#now = now;
    this.#tokens = policy.connectRatePerSecond;
    this.#countedAt = now();
  }

  /** Why a stream is turned away while `open` are there, `own` of them its user's, or nothing when it is let in. */
  refuse(open: number, own = 0): Refusal | undefined {
    const { maxStreams, maxStreamsPerUser, connectRatePerSecond } = this.#policy;
    if (open >= maxStreams || own >= maxStreamsPerUser) return { reason: 'limit', retryMs: drawRetryMs(this.#policy) };
    this.#count();
    if (this.#pressure.high) return { reason: 'overloaded', retryMs: drawRetryMs(this.#policy) };
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return undefined;
    }
    // the line is never longer than all the streams there can be, however often a client ignores what it is told
    this.#line = Math.min(this.#line + 1, maxStreams);
    return {
      reason: 'overloaded',
      retryMs: Math.round(drawRetryMs(this.#policy) + (this.#line / connectRatePerSecond) * 1000),
    };
  }

  #count(): void {
    const now = this.#now();
    const { connectRatePerSecond } = this.#policy;
    const share = ((now - this.#countedAt) / 1000) * connectRatePerSecond;
    this.#tokens = Math.min(connectRatePerSecond, this.#tokens + share);
    this.#line = Math.max(0, this.#line - share);
    this.#countedAt = now;
  }
}
