import { exported, selectorsOf, strangersIn } from './expressions.ts';

test.each([
  ['sse_streams_active > 5', ['sse_streams_active']],
  ['sum by (reason) (rate(a{x="1",y=~"b|c"}[5m])) > 0.1 * sum(d)', ['a', 'd']],
  ['histogram_quantile(0.99, sum by (le) (rate(h_bucket[5m]))) > 1', ['h_bucket']],
  ['max(a) > 1.5 * avg(b) and avg(c) > 1000', ['a', 'b', 'c']],
  ['label_values(a, instance)', ['a']],
])('the metrics of %s are found', (expr, names) => {
  expect(selectorsOf(expr).map(({ name }) => name)).toEqual(names);
});

test.each([
  ['sum(rate(sse_gaps_total{reason="evicted"}[5m]))', []],
  ['sse_streams_activ > 1', ['sse_streams_activ']],
  ['rate(sse_gaps_total{reason=~"evicted|eaten"}[5m])', ['sse_gaps_total{reason="eaten"}']],
  ['sse_streams_active{channel="a"}', ['sse_streams_active{channel="a"}']],
  ['sse_streams_active{instance=~"$instance"}', []],
  ['rate(sse_delivery_latency_seconds[5m])', ['sse_delivery_latency_seconds']],
])('in %s, what is not exported is found', async (expr, strangers) => {
  expect(strangersIn(expr, await exported())).toEqual(strangers);
});
