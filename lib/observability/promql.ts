import type { MetricName } from '../policy/index.ts';

/** What Node says of itself, as far as it is looked at here. */
type NodeMetric =
  | 'process_cpu_seconds_total'
  | 'process_resident_memory_bytes'
  | 'process_open_fds'
  | 'process_max_fds'
  | 'nodejs_eventloop_lag_p99_seconds';

/** A metric that the compiler knows, so that no query can ask for another; `where` is what stands between braces. */
export const series = (name: MetricName | NodeMetric, where = ''): string => `${name}${where && `{${where}}`}`;

export const rate = (name: MetricName | NodeMetric, window: string, where = ''): string =>
  `rate(${series(name, where)}[${window}])`;

export const increase = (name: MetricName, window: string, where = ''): string =>
  `increase(${series(name, where)}[${window}])`;

/** A quantile of the time from publish to write, over all replicas. */
export const latency = (quantile: number, window: string, where = ''): string =>
  `histogram_quantile(${quantile}, sum by (le) (rate(sse_delivery_latency_seconds_bucket${where && `{${where}}`}[${window}])))`;
