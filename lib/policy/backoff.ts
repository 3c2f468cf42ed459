import { retryBoundsMs } from './derive.ts';
import type { StreamPolicy } from './stream-policy.ts';

/** A number from [0, 1), as `Math.random`; a parameter wherever a draw must be repeatable. */
export type Random = () => number;

/** The `retry:` for one connection, in whole milliseconds from retryMs·(1 ± retryJitter). */
export function drawRetryMs(policy: StreamPolicy, random: Random = Math.random): number {
  const { least, most } = retryBoundsMs(policy);
  return Math.round(least + random() * (most - least));
}

/** The age limit of one stream, in milliseconds from maxStreamAgeSeconds·(1 ± maxStreamAgeJitter). */
export function drawMaxAgeMs(policy: StreamPolicy, random: Random = Math.random): number {
  const { maxStreamAgeSeconds, maxStreamAgeJitter } = policy;
  return Math.round(maxStreamAgeSeconds * 1000 * (1 + maxStreamAgeJitter * (2 * random() - 1)));
}

export interface Backoff {
  /** The bound of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** No bound grows above this, in milliseconds. */
  readonly capMs: number;
}

/**
 * The wait before attempt `attempt` (from 0): full jitter, uniform between nothing and a bound that doubles up to the
 * cap. The jitter comes after the cap, so that long outages do not bring everybody back on the same beat.
 * Source: aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter.
 */
export function fullJitterMs(attempt: number, { baseMs, capMs }: Backoff, random: Random = Math.random): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
}
