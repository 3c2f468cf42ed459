import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';

/**
 * Metrics of AWS that alarms and dashboard look at, as the vendor names them: a misspelt name is an alarm that never
 * has data, and nobody says so. With each the statistic that its page calls meaningful.
 */
export const vendorMetrics = {
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
  'AWS/ApplicationELB': {
    ActiveConnectionCount: 'Sum',
    ConsumedLCUs: 'Sum',
    HealthyHostCount: 'Minimum',
    HTTPCode_ELB_502_Count: 'Sum',
    HTTPCode_ELB_503_Count: 'Sum',
    HTTPCode_ELB_504_Count: 'Sum',
    NewConnectionCount: 'Sum',
    RejectedConnectionCount: 'Sum',
    RequestCount: 'Sum',
    TargetConnectionErrorCount: 'Sum',
  },
  // docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html
  'AWS/ElastiCache': {
    CurrConnections: 'Maximum',
    DatabaseMemoryUsagePercentage: 'Maximum',
    EngineCPUUtilization: 'Maximum',
    Evictions: 'Sum',
    ReplicationLag: 'Maximum',
  },
  // docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
  'AWS/ECS': {
    CPUUtilization: 'Maximum',
    MemoryUtilization: 'Maximum',
  },
} as const;

export type VendorNamespace = keyof typeof vendorMetrics;

/** A metric of AWS over a minute, with the statistic that means something. */
export function vendorMetric<Namespace extends VendorNamespace>(
  namespace: Namespace,
  metricName: keyof (typeof vendorMetrics)[Namespace] & string,
  dimensionsMap: Readonly<Record<string, string>>,
  label?: string,
): Metric {
  const statistic: string = (vendorMetrics[namespace] as Readonly<Record<string, string>>)[metricName] ?? 'Average';
  const period = Duration.minutes(1);
  return new Metric({ namespace, metricName, dimensionsMap, statistic, period, ...(label && { label }) });
}
