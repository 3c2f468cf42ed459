import Fastify from 'fastify';
import { closeReasons, cloudWatchMetric, type MetricName, metricFacts } from '../../lib/policy/index.ts';
import type { Broker } from '../../service/broker/broker.ts';
import { countedOf, emfLines, tellCloudWatch } from '../../service/emf.ts';
import { createMetrics } from '../../service/metrics.ts';
import type { Service } from '../../service/service.ts';
import { Peers } from '../../service/workers/peers.ts';

function metricsOf(streams: number) {
  const broker = { connected: true, lagSeconds: 0.25 } as Broker;
  return createMetrics({ broker, fanout: () => ({ size: streams, delivered: 7 }) });
}

const read = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

test('a line has the values, and says which of its keys are metrics of which dimensions', async () => {
  const { registry } = metricsOf(3);
  const [line] = read(emfLines('SseKit', await registry.getMetricsAsJSON(), new Map(), 1_700_000_000_000));

  expect(line._aws.Timestamp).toBe(1_700_000_000_000);
  expect(line._aws.CloudWatchMetrics).toEqual([
    { Namespace: 'SseKit', Dimensions: [['Service']], Metrics: expect.any(Array) },
  ]);
  expect(line._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: 'sse_broker_lag_seconds', Unit: 'Seconds' });
  expect(line).toMatchObject({
    Service: 'SseKit',
    sse_streams_active: 3,
    sse_broker_connected: 1,
    sse_broker_lag_seconds: 0.25,
    sse_events_delivered_total: 7,
  });
});

test('every metric of the service is told under the name that alarms look for, and every reason', async () => {
  const metrics = metricsOf(1);
  metrics.latency.observe(0.003);
  const lines = read(emfLines('SseKit', await metrics.registry.getMetricsAsJSON(), new Map(), 0));

  const told = new Set(lines.flatMap((line) => Object.keys(line).filter((key) => key.startsWith('sse_'))));
  expect([...told].sort()).toEqual(
    (Object.keys(metricFacts) as MetricName[]).map((name) => cloudWatchMetric(name).name).sort(),
  );
  const closed = lines.filter((line) => 'sse_streams_closed_total' in line);
  expect(closed.map(({ Reason }) => Reason).sort()).toEqual(['client', ...closeReasons].sort());
  expect(closed[0]._aws.CloudWatchMetrics[0].Dimensions).toEqual([['Service', 'Reason']]);
});

test('counters are told by what came on top; one that begins anew, from nothing', async () => {
  const { registry, opened, closed } = metricsOf(0);
  opened.inc(5);
  closed.inc({ reason: 'drain' }, 2);
  const before = countedOf(await registry.getMetricsAsJSON());
  opened.inc(3);
  closed.inc({ reason: 'drain' }, 1);
  const told = async (metrics = registry) => read(emfLines('s', await metrics.getMetricsAsJSON(), before, 0));

  expect((await told())[0].sse_streams_opened_total).toBe(3);
  expect((await told()).find(({ Reason }) => Reason === 'drain').sse_streams_closed_total).toBe(1);
  const anew = metricsOf(0);
  anew.opened.inc(2);
  expect((await told(anew.registry))[0].sse_streams_opened_total).toBe(2);
});

describe('the 99th percentile of a latency', () => {
  const p99 = async (seconds: readonly number[], earlier: readonly number[] = []) => {
    const { registry, latency } = metricsOf(0);
    for (const one of earlier) latency.observe(one);
    const before = countedOf(await registry.getMetricsAsJSON());
    for (const one of seconds) latency.observe(one);
    return read(emfLines('s', await registry.getMetricsAsJSON(), before, 0))[0].sse_delivery_latency_seconds_p99;
  };

  test('lies in the bucket that holds it', async () => {
    expect(await p99([...Array(99).fill(0.002), 0.2, 0.2])).toBeCloseTo(0.25 - 0.15 * 0.495, 1);
    expect(await p99(Array(100).fill(0.002))).toBeCloseTo(0.0025, 4);
  });

  test('is of this minute alone', async () => {
    expect(await p99([0.002], Array(100).fill(2))).toBeLessThan(0.0026);
  });

  test('is the last bound above it, and nothing where nothing was delivered', async () => {
    expect(await p99([9])).toBe(2.5);
    expect(await p99([], [9])).toBeUndefined();
  });
});

test('tells while the service listens, and once more how its last streams were closed', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const app = Fastify();
  const metrics = metricsOf(2);
  const written: string[][] = [];
  const settings = { emfService: 'SseKit' };
  tellCloudWatch(app, { settings, metrics, peers: new Peers() } as unknown as Service, (lines) =>
    written.push([...lines]),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  metrics.opened.inc();

  await jest.advanceTimersByTimeAsync(60_000);
  expect(read(written[0] ?? [])[0]).toMatchObject({ sse_streams_active: 2, sse_streams_opened_total: 1 });
  jest.useRealTimers();
  await app.close();
  expect(read(written.at(-1) ?? [])[0]).toMatchObject({ sse_streams_opened_total: 0 });
});

test('nobody asked, nothing told', async () => {
  const app = Fastify();
  const write = jest.fn();
  tellCloudWatch(app, { settings: {}, metrics: metricsOf(0), peers: new Peers() } as unknown as Service, write);
  await app.listen({ host: '127.0.0.1', port: 0 });
  await app.close();

  expect(write).not.toHaveBeenCalled();
});
