import { type MetricName, Results } from '../../bench/metrics.ts';
import { connections } from '../../bench/scenarios/connections.ts';
import { fanout } from '../../bench/scenarios/fanout.ts';
import { rawHttp } from '../../bench/servers/server.ts';
import { sseKit } from '../../bench/servers/sse-kit.ts';

/**
 * A short benchmark against raw node:http in the same run. The bars are a fraction of what is measured (bench/RESULTS.md),
 * wide enough for a busy machine, and narrow enough for a queue per stream, a timer per stream or a lost batch to show.
 */
const bars: readonly { readonly metric: MetricName; readonly atLeast?: number; readonly atMost?: number }[] = [
  { metric: 'saturated', atLeast: 6 },
  { metric: 'fourOutstanding', atLeast: 1.5 },
  { metric: 'oneOutstanding', atLeast: 0.6 },
  { metric: 'cpu', atMost: 1.6 },
  { metric: 'memory', atMost: 0.8 },
  { metric: 'accepted', atLeast: 0.35 },
];

const results = new Results();

beforeAll(async () => {
  const scale = { streams: 2000, mostStreams: 2000, rounds: 2, ms: 600 };
  const bench = { scale, servers: [sseKit, rawHttp], results, log: () => {} };
  await fanout.run(bench);
  await connections.run(bench);
}, 120_000);

test('no stream of the short benchmark lost, repeated or reordered an event', () => {
  expect(results.failures).toEqual([]);
});

test.each(bars)('against raw node:http, $metric stays within its bar', ({ metric, atLeast = 0, atMost = 1e9 }) => {
  const ratio =
    (results.median(metric, sseKit.name) ?? Number.NaN) / (results.median(metric, rawHttp.name) ?? Number.NaN);
  expect({ metric, ratio, within: ratio >= atLeast && ratio <= atMost }).toMatchObject({ within: true });
});
