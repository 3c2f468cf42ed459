import fc from 'fast-check';
import { definePolicy, drawMaxAgeMs, drawRetryMs, fullJitterMs, retryBoundsMs } from '../../lib/policy/index.ts';
import { validPolicies } from './arbitraries.ts';

/** What Math.random may return: 1 itself never. */
const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('every drawn retry lies within retryMs · (1 ± retryJitter), and Firefox honours it', () => {
  fc.assert(
    fc.property(validPolicies, draws, (policy, draw) => {
      const { least, most } = retryBoundsMs(policy);
      const retry = drawRetryMs(policy, () => draw);

      expect(Number.isInteger(retry) && retry >= least && retry <= most).toBe(true);
      expect(least).toBeGreaterThanOrEqual(500);
    }),
  );
});

test('every drawn age lies within maxStreamAgeSeconds · (1 ± maxStreamAgeJitter)', () => {
  fc.assert(
    fc.property(validPolicies, draws, (policy, draw) => {
      const { maxStreamAgeSeconds, maxStreamAgeJitter } = policy;
      const age = drawMaxAgeMs(policy, () => draw) / 1000;

      expect(age).toBeGreaterThanOrEqual(Math.floor(maxStreamAgeSeconds * (1 - maxStreamAgeJitter)));
      expect(age).toBeLessThanOrEqual(Math.ceil(maxStreamAgeSeconds * (1 + maxStreamAgeJitter)));
    }),
  );
});

test('draws reach both ends of their range', () => {
  const policy = definePolicy();

  expect([0, 0.5, 1 - Number.EPSILON].map((draw) => drawRetryMs(policy, () => draw))).toEqual([1500, 3000, 4500]);
  expect([0, 0.5, 1 - Number.EPSILON].map((draw) => drawMaxAgeMs(policy, () => draw))).toEqual([
    3_240_000, 3_600_000, 3_960_000,
  ]);
});

test('a draw without a source of its own uses Math.random', () => {
  const drawn = new Set(Array.from({ length: 20 }, () => drawRetryMs(definePolicy())));

  expect(drawn.size).toBeGreaterThan(1);
});

test('backoff waits between nothing and a bound that doubles up to the cap', () => {
  const backoffs = fc.record({
    baseMs: fc.integer({ min: 1, max: 10_000 }),
    capMs: fc.integer({ min: 1, max: 600_000 }),
  });

  fc.assert(
    fc.property(fc.nat(), backoffs, draws, (attempt, backoff, draw) => {
      const wait = fullJitterMs(attempt, backoff, () => draw);

      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(Math.min(backoff.capMs, backoff.baseMs * 2 ** attempt));
    }),
  );
});

test('backoff is jittered after the cap, so that long outages do not end in one wave', () => {
  const late = [0.25, 0.5, 0.75].map((draw) => fullJitterMs(1000, { baseMs: 100, capMs: 10_000 }, () => draw));

  expect(late).toEqual([2500, 5000, 7500]);
});
