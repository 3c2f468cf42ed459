import { serviceMetric } from '../../lib/aws/service-metrics.ts';

test('a gauge is the highest of all replicas, an increase their sum', () => {
  expect(serviceMetric('sse_streams_active', { service: 'a' })).toMatchObject({
    namespace: 'SseKit',
    metricName: 'sse_streams_active',
    dimensions: { Service: 'a' },
    statistic: 'Maximum',
  });
  expect(serviceMetric('sse_gaps_total', { service: 'a', reason: 'epoch' })).toMatchObject({
    dimensions: { Service: 'a', Reason: 'epoch' },
    statistic: 'Sum',
  });
});

test.each([
  ['sse_gaps_total', 'eaten', 'reason (eaten) of sse_gaps_total must be one of evicted, epoch, store-lost'],
  ['sse_gaps_total', undefined, 'reason (undefined) of sse_gaps_total must be one of evicted, epoch, store-lost'],
  ['sse_streams_active', 'drain', 'reason (drain) of sse_streams_active must be left out'],
] as const)('fails for %s with the reason %s, which the service never tells', (metric, reason, message) => {
  expect(() => serviceMetric(metric, { service: 'a', ...(reason !== undefined && { reason }) })).toThrow(message);
});
