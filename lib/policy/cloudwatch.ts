import { type MetricFacts, type MetricName, metricFacts } from './metrics.ts';

/**
 * How the service's metrics are told to CloudWatch: as lines in its embedded metric format, once per interval and
 * replica. The service that writes them and the alarms that read them take names, dimensions and meaning from here.
 */
export const cloudWatchNamespace = 'SseKit';

/**
 * The dimensions: the service, and for metrics with reasons the reason. Not the replica, which would be a metric to pay
 * for with each task that ever ran; each replica is a sample of its own, so that Maximum is the fullest and Average the mean.
 */
export const cloudWatchDimensions = { service: 'Service', reason: 'Reason' } as const;

/** CloudWatch's standard resolution: more lines would cost more and show no more. */
export const cloudWatchIntervalSeconds = 60;

export interface CloudWatchMetric {
  readonly name: string;
  readonly unit: 'Count' | 'Seconds';
  /** What one line says: a value as it stands, the increase since the line before, or the 99th percentile since then. */
  readonly tells: 'value' | 'increase' | 'p99';
  /** A value of the dimension Reason for each, 0 included: an alarm must not wait for the first case. */
  readonly reasons: readonly string[];
}

const tells = { gauge: 'value', counter: 'increase', histogram: 'p99' } as const;

/** A metric of the service as CloudWatch knows it: by its Prometheus name, a histogram with `_p99` behind it. */
export function cloudWatchMetric(metric: MetricName): CloudWatchMetric {
  const { kind, reasons = [] }: MetricFacts = metricFacts[metric];
  return {
    name: kind === 'histogram' ? `${metric}_p99` : metric,
    unit: metric.endsWith('_seconds') ? 'Seconds' : 'Count',
    tells: tells[kind],
    reasons,
  };
}
