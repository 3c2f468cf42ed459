import { retryBoundsMs, type StreamPolicy } from '../policy/index.ts';

/** Values at equal distances from the lower to the upper bound of `retry:`, for proxies that can choose but not count. */
export function retryValues(policy: StreamPolicy, count: number): readonly number[] {
  const { least, most } = retryBoundsMs(policy);
  return Array.from({ length: count }, (_, step) => Math.round(least + ((most - least) * step) / (count - 1)));
}
