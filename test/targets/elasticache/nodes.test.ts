import { definePolicy } from '../../../lib/policy/index.ts';
import { fullShare, historyBytes, nodeMemory, nodeTypeFor, reservedShare } from '../../../lib/targets/index.ts';

const policy = definePolicy({ replaySeconds: 600, replayMaxEvents: 10_000 });

test('history is what is published within replaySeconds', () => {
  expect(historyBytes(policy, { eventsPerSecond: 100, bytesPerEvent: 1000, channels: 1000 })).toBe(60_000 * 1250);
});

test('a channel keeps no more than replayMaxEvents, however much is published on it', () => {
  expect(historyBytes(policy, { eventsPerSecond: 1000, bytesPerEvent: 1000, channels: 1 })).toBe(10_000 * 1250);
});

test.each([
  [100, 133],
  [1000, 1214],
  [10_000, 10_298],
])('an event of %d bytes costs at least the %d that Redis was seen to take', (bytesPerEvent, measured) => {
  expect(historyBytes(policy, { eventsPerSecond: 1, bytesPerEvent, channels: 1 })).toBeGreaterThanOrEqual(
    600 * measured,
  );
});

test('the node is the smallest that is not nearly full with it', () => {
  const room = (nodeMemory['cache.t4g.small'] ?? 0) * (1 - reservedShare) * fullShare;

  expect([nodeTypeFor(0), nodeTypeFor(room), nodeTypeFor(room + 1)]).toEqual([
    'cache.t4g.micro',
    'cache.t4g.small',
    'cache.t4g.medium',
  ]);
  expect(nodeTypeFor(1e12)).toBeUndefined();
});
