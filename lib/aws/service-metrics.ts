import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  cloudWatchDimensions,
  cloudWatchIntervalSeconds,
  cloudWatchMetric,
  cloudWatchNamespace,
  type MetricName,
} from '../policy/index.ts';

export interface ServiceMetricProps {
  /** Value of the dimension Service: what the tasks call themselves in their metric lines. */
  readonly service: string;
  /** One of the metric's reasons; a metric that has reasons exists by reason only. @default - a metric without reasons */
  readonly reason?: string;
  /** @default 'Sum' of an increase, 'Maximum' (the highest of all replicas) of anything else */
  readonly statistic?: string;
  /** @default - the interval at which the service tells its metrics, 60 s */
  readonly period?: Duration;
  /** What a graph calls it. @default - the name */
  readonly label?: string;
}

/** A metric of the stream service in CloudWatch, under the name that the service gives it. */
export function serviceMetric(metric: MetricName, props: ServiceMetricProps): Metric {
  const { name, tells, reasons } = cloudWatchMetric(metric);
  const { service, reason, label, statistic = tells === 'increase' ? 'Sum' : 'Maximum' } = props;
  if (reason === undefined ? reasons.length > 0 : !reasons.includes(reason))
    throw new Error(
      `reason (${reason}) of ${metric} must be ${reasons.length > 0 ? `one of ${reasons.join(', ')}` : 'left out'}`,
    );
  return new Metric({
    namespace: cloudWatchNamespace,
    metricName: name,
    dimensionsMap: {
      [cloudWatchDimensions.service]: service,
      ...(reason !== undefined && { [cloudWatchDimensions.reason]: reason }),
    },
    statistic,
    period: props.period ?? Duration.seconds(cloudWatchIntervalSeconds),
    ...(label !== undefined && { label }),
  });
}
