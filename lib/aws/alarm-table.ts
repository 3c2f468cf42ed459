import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type MetricName, oldestStreamSeconds, type StreamPolicy, softFailReasons } from '../policy/index.ts';
import { fullShare } from '../targets/index.ts';
import { serviceMetric } from './service-metrics.ts';
import { vendorMetric } from './vendor-metrics.ts';

/** When an alarm goes off. What it means and what to do stands in docs/operations.md, under its name. */
export interface AlarmFacts {
  /** That of the Prometheus alert, where there is one for the same thing. */
  readonly name: string;
  /** critical: clients are losing something now. warning: they will, unless somebody looks. */
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly metric: IMetric;
  readonly when: '>' | '<';
  readonly threshold: number;
  /** Minutes, or longer periods where the metric has them, in a row. */
  readonly periods: number;
  /** What no data means: breaching where silence is the trouble itself, else that nothing happened. */
  readonly missing: 'breaching' | 'notBreaching';
}

/** What there is to look at; what is not there has no alarms. */
export interface Watched {
  /** What the service is called in its metrics. */
  readonly service: string;
  /** Dimensions of AWS/ApplicationELB: `loadBalancerFullName` and `targetGroupFullName`. */
  readonly balancer?: { readonly loadBalancer: string; readonly targetGroup: string } | undefined;
  /** Dimensions of AWS/ECS. */
  readonly tasks?: { readonly cluster: string; readonly service: string } | undefined;
  /** Ids of the store's nodes, CacheClusterId in AWS/ElastiCache. */
  readonly storeNodes?: readonly string[] | undefined;
}

/** A share of a limit at which there is still time to act. */
const early = 0.8;
/** An event that takes longer is no news. */
const slowSeconds = 1;
/** Behind by more than this, a store is not keeping up. */
const lagSeconds = 5;
/** Fewer streams than this say nothing about a path. */
const enoughStreams = 100;
/** One client in a hundred is no accident of its own. */
const oneInAHundred = 0.01;
/** CloudWatch looks back a day at periods of less than an hour, and a week at longer ones (API PutMetricAlarm). */
const daySeconds = 86_400;

const minutes = (count: number): Duration => Duration.minutes(count);

/** All alarms of what is watched, with the thresholds of a policy. */
export function alarmTable(policy: StreamPolicy, watched: Watched): readonly AlarmFacts[] {
  return [
    ...serviceAlarms(policy, watched),
    ...taskAlarms(watched),
    ...balancerAlarms(watched),
    ...storeAlarms(watched),
  ];
}

function serviceAlarms(policy: StreamPolicy, { service }: Watched): readonly AlarmFacts[] {
  const { maxStreams, connectRatePerSecond, idleSeconds } = policy;
  const metric = (name: MetricName, more: { reason?: string; statistic?: string } = {}): Metric =>
    serviceMetric(name, { service, ...more });
  const reasons = (name: MetricName, wanted: readonly string[]): Record<string, Metric> =>
    Object.fromEntries(wanted.map((reason, index) => [`m${index}`, metric(name, { reason })]));
  const turnedAway = softFailReasons.filter((reason) => reason !== 'draining' && reason !== 'store-lost');
  const age = oldestStreamSeconds(policy);
  const unevenPeriod = age <= daySeconds ? minutes(5) : minutes(60);
  return [
    {
      name: 'SseNoMetrics',
      severity: 'critical',
      summary: 'No replica tells its metrics: whatever happens to streams, nobody will be told.',
      metric: metric('sse_streams_active', { statistic: 'SampleCount' }),
      when: '<',
      threshold: 1,
      periods: 3,
      missing: 'breaching',
    },
    {
      name: 'SseStoreAway',
      severity: 'critical',
      summary: 'A replica does not hear the event store: it publishes nothing and opens no streams.',
      metric: metric('sse_broker_connected', { statistic: 'Minimum' }),
      when: '<',
      threshold: 1,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'SseStoreSlow',
      severity: 'warning',
      summary: `A replica that is connected hears of events more than ${lagSeconds} s after they were published.`,
      metric: math('IF(connected == 1, lag, 0)', {
        connected: metric('sse_broker_connected', { statistic: 'Minimum' }),
        lag: metric('sse_broker_lag_seconds'),
      }),
      when: '>',
      threshold: lagSeconds,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'SseEventsLost',
      severity: 'critical',
      summary: 'Clients were told of a gap: the store has lost events (store-lost) or begun anew (epoch).',
      metric: math('m0 + m1', reasons('sse_gaps_total', ['epoch', 'store-lost'])),
      when: '>',
      threshold: 0,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'SseReplayTooShort',
      severity: 'warning',
      summary: `More than one stream in a hundred comes back later than the history reaches (replaySeconds ${policy.replaySeconds}, replayMaxEvents ${policy.replayMaxEvents}).`,
      metric: share(metric('sse_gaps_total', { reason: 'evicted' }), metric('sse_streams_opened_total'), minutes(30)),
      when: '>',
      threshold: oneInAHundred,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'SseReplicaNearlyFull',
      severity: 'warning',
      summary: `A replica holds more than ${early * maxStreams} of ${maxStreams} streams (maxStreams).`,
      metric: metric('sse_streams_active'),
      when: '>',
      threshold: early * maxStreams,
      periods: 5,
      missing: 'notBreaching',
    },
    {
      name: 'SseStreamsTurnedAway',
      severity: 'warning',
      summary: `Streams are turned away softly (${turnedAway.join(', ')}).`,
      metric: math(turnedAway.map((_, index) => `m${index}`).join(' + '), reasons('sse_soft_fails_total', turnedAway)),
      when: '>',
      threshold: 0,
      periods: 5,
      missing: 'notBreaching',
    },
    {
      name: 'SseReconnectStorm',
      severity: 'warning',
      summary: `A replica opens more than ${early * connectRatePerSecond} streams a second, of ${connectRatePerSecond} it admits (connectRatePerSecond).`,
      // each replica tells its own increase of a minute, of which this is the highest
      metric: math('opened / 60', { opened: metric('sse_streams_opened_total', { statistic: 'Maximum' }) }),
      when: '>',
      threshold: early * connectRatePerSecond,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'SseDeliverySlow',
      severity: 'warning',
      summary: `One event in a hundred takes longer than ${slowSeconds} s from publish to write.`,
      metric: metric('sse_delivery_latency_seconds'),
      when: '>',
      threshold: slowSeconds,
      periods: 5,
      missing: 'notBreaching',
    },
    {
      name: 'SseSlowClients',
      severity: 'warning',
      summary: `More than one stream in twenty is closed because its client takes too little (slowClientBytes ${policy.slowClientBytes}).`,
      metric: share(metric('sse_slow_clients_total'), metric('sse_streams_opened_total'), minutes(15)),
      when: '>',
      threshold: 0.05,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'SseStreamsCutShort',
      severity: 'warning',
      summary: `Streams live shorter than ${idleSeconds} s (idleSeconds) on average: something on the path cuts them.`,
      // Little's law: streams that leave per second, times how long they lived, are the streams that are open
      metric: math(`IF(active > ${enoughStreams}, closed / 60 * ${idleSeconds} / active, 0)`, {
        closed: metric('sse_streams_closed_total', { reason: 'client' }),
        active: metric('sse_streams_active', { statistic: 'Sum' }),
      }),
      when: '>',
      threshold: 1,
      periods: 15,
      missing: 'notBreaching',
    },
    {
      name: 'SseStreamsUneven',
      severity: 'warning',
      summary: 'One replica holds half as many streams again as the average, for longer than any stream lives.',
      metric: math(
        `IF(mean > ${0.05 * maxStreams}, most / mean, 0)`,
        { most: metric('sse_streams_active'), mean: metric('sse_streams_active', { statistic: 'Average' }) },
        unevenPeriod,
      ),
      when: '>',
      threshold: 1.5,
      periods: Math.ceil(age / unevenPeriod.toSeconds()),
      missing: 'notBreaching',
    },
  ];
}

function taskAlarms({ tasks }: Watched): readonly AlarmFacts[] {
  if (tasks === undefined) return [];
  return [
    {
      name: 'SseEventLoopBusy',
      severity: 'warning',
      summary: `A task uses more than ${100 * early} % of its CPU: events and heartbeats will be late.`,
      metric: vendorMetric('AWS/ECS', 'CPUUtilization', { ClusterName: tasks.cluster, ServiceName: tasks.service }),
      when: '>',
      threshold: 100 * early,
      periods: 5,
      missing: 'notBreaching',
    },
  ];
}

function balancerAlarms({ balancer }: Watched): readonly AlarmFacts[] {
  if (balancer === undefined) return [];
  const LoadBalancer = balancer.loadBalancer;
  const count = (name: 'HTTPCode_ELB_502_Count' | 'HTTPCode_ELB_503_Count' | 'HTTPCode_ELB_504_Count') =>
    vendorMetric('AWS/ApplicationELB', name, { LoadBalancer });
  return [
    {
      name: 'AwsNoHealthyReplica',
      severity: 'critical',
      summary: 'The balancer has no replica to send streams to.',
      metric: vendorMetric('AWS/ApplicationELB', 'HealthyHostCount', {
        LoadBalancer,
        TargetGroup: balancer.targetGroup,
      }),
      when: '<',
      threshold: 1,
      periods: 1,
      missing: 'breaching',
    },
    {
      name: 'AwsBalancerErrors',
      severity: 'critical',
      summary:
        'More than one request in a hundred is answered by the balancer itself, which ends an EventSource for good.',
      metric: math(
        // a count that has not happened is not reported
        'IF(requests > 0, (FILL(e502, 0) + FILL(e503, 0) + FILL(e504, 0)) / requests, 0)',
        {
          requests: vendorMetric('AWS/ApplicationELB', 'RequestCount', { LoadBalancer }),
          e502: count('HTTPCode_ELB_502_Count'),
          e503: count('HTTPCode_ELB_503_Count'),
          e504: count('HTTPCode_ELB_504_Count'),
        },
      ),
      when: '>',
      threshold: oneInAHundred,
      periods: 3,
      missing: 'notBreaching',
    },
  ];
}

function storeAlarms({ storeNodes = [] }: Watched): readonly AlarmFacts[] {
  if (storeNodes.length === 0) return [];
  /** The worst of all nodes: the primary is whichever it is after a failover. */
  const worst = (name: Parameters<typeof vendorMetric<'AWS/ElastiCache'>>[1]): MathExpression =>
    math(
      'MAX(METRICS())',
      Object.fromEntries(
        storeNodes.map((CacheClusterId, index) => [
          `m${index}`,
          vendorMetric('AWS/ElastiCache', name, { CacheClusterId }),
        ]),
      ),
    );
  return [
    {
      name: 'AwsStoreNearlyFull',
      severity: 'warning',
      summary: `The event store is fuller than ${100 * fullShare} %. Full, it refuses publishes.`,
      metric: worst('DatabaseMemoryUsagePercentage'),
      when: '>',
      threshold: 100 * fullShare,
      periods: 5,
      missing: 'notBreaching',
    },
    {
      name: 'AwsStoreEvicts',
      severity: 'critical',
      summary: 'The event store throws history away: somebody has changed maxmemory-policy.',
      metric: worst('Evictions'),
      when: '>',
      threshold: 0,
      periods: 1,
      missing: 'notBreaching',
    },
    {
      name: 'AwsStoreBusy',
      severity: 'warning',
      summary: `The event store uses more than ${100 * early} % of the one core that runs commands.`,
      metric: worst('EngineCPUUtilization'),
      when: '>',
      threshold: 100 * early,
      periods: 5,
      missing: 'notBreaching',
    },
    ...(storeNodes.length < 2
      ? []
      : [
          {
            name: 'AwsStoreCopyBehind',
            severity: 'warning',
            summary: `A copy of the event store is more than ${lagSeconds} s behind: a failover would lose that much.`,
            metric: worst('ReplicationLag'),
            when: '>',
            threshold: lagSeconds,
            periods: 5,
            missing: 'notBreaching',
          } as const,
        ]),
  ];
}

/** A period of the expression is one of each of its metrics, whatever theirs was. */
function math(expression: string, metrics: Readonly<Record<string, Metric>>, period = minutes(1)): MathExpression {
  const usingMetrics = Object.fromEntries(Object.entries(metrics).map(([id, metric]) => [id, metric.with({ period })]));
  return new MathExpression({ expression, usingMetrics, period });
}

/** Part of a whole, and 0 where there is no whole. */
const share = (part: Metric, whole: Metric, period: Duration): MathExpression =>
  math('IF(whole > 0, part / whole, 0)', { part, whole }, period);
