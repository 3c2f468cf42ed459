import { cloudWatchMetric, type MetricName, metricFacts } from '../../lib/policy/index.ts';

const all = (Object.keys(metricFacts) as MetricName[]).map(cloudWatchMetric);

test('each metric has a name of its own that CloudWatch takes', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(all.filter(({ name }) => !/^[\w]{1,255}$/.test(name))).toEqual([]);
});

test('gauges are told as they stand, counters by what came on top, histograms by their 99th percentile', () => {
  expect(cloudWatchMetric('sse_streams_active')).toEqual({
    name: 'sse_streams_active',
    unit: 'Count',
    tells: 'value',
    reasons: [],
  });
  expect(cloudWatchMetric('sse_gaps_total')).toMatchObject({
    tells: 'increase',
    reasons: ['evicted', 'epoch', 'store-lost'],
  });
  expect(cloudWatchMetric('sse_delivery_latency_seconds')).toMatchObject({
    name: 'sse_delivery_latency_seconds_p99',
    unit: 'Seconds',
    tells: 'p99',
  });
});
