import { Duration } from 'aws-cdk-lib';
import { Dashboard, type DashboardProps, GraphWidget, type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { cloudWatchMetric, type MetricName, type StreamPolicy } from '../policy/index.ts';
import type { Watched } from './alarm-table.ts';
import { serviceMetric } from './service-metrics.ts';
import { vendorMetric } from './vendor-metrics.ts';

export interface StreamDashboardProps extends Watched {
  readonly policy: StreamPolicy;
  /** Any other property of the dashboard; wins over what this construct sets. @default - none */
  readonly dashboardProps?: Partial<DashboardProps>;
}

/** One graph: what it shows, and a limit of the policy drawn as a line. */
interface Graph {
  readonly title: string;
  readonly left: readonly IMetric[];
  readonly limit?: { readonly value: number; readonly label: string };
}

/** The streams of a service at a glance, in rows: streams, events, store, balancer. */
export class StreamDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: StreamDashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: `${props.service}-streams`,
      ...props.dashboardProps,
    });
    const rows = [
      streamGraphs(props),
      eventGraphs(props),
      storeGraphs(props),
      [...balancerGraphs(props), ...taskGraphs(props)],
    ];
    for (const row of rows.filter((graphs) => graphs.length > 0)) this.dashboard.addWidgets(...row.map(widgetOf(row)));
  }
}

/** The grid is 24 wide. */
const widgetOf =
  (row: readonly Graph[]) =>
  ({ title, left, limit }: Graph): GraphWidget =>
    new GraphWidget({
      title,
      left: [...left],
      width: Math.floor(24 / row.length),
      leftYAxis: { min: 0 },
      ...(limit && { leftAnnotations: [limit] }),
    });

const byReason = (name: MetricName, service: string): readonly IMetric[] =>
  cloudWatchMetric(name).reasons.map((reason) => serviceMetric(name, { service, reason, label: reason }));

function streamGraphs({ policy, service }: StreamDashboardProps): readonly Graph[] {
  const active = (statistic: string, label: string) =>
    serviceMetric('sse_streams_active', { service, statistic, label });
  return [
    {
      title: 'Open streams',
      left: [active('Sum', 'all replicas'), active('Maximum', 'fullest'), active('Average', 'average')],
      limit: { value: policy.maxStreams, label: 'maxStreams of a replica' },
    },
    {
      title: 'Opened in a minute, by the busiest replica',
      left: [serviceMetric('sse_streams_opened_total', { service, statistic: 'Maximum', label: 'opened' })],
      limit: { value: policy.connectRatePerSecond * 60, label: 'connectRatePerSecond' },
    },
    { title: 'Closed, by reason', left: byReason('sse_streams_closed_total', service) },
    {
      title: 'Turned away, by reason, and slow clients',
      left: [
        ...byReason('sse_soft_fails_total', service),
        serviceMetric('sse_slow_clients_total', { service, label: 'slow clients' }),
      ],
    },
  ];
}

function eventGraphs({ service }: StreamDashboardProps): readonly Graph[] {
  const sum = (name: MetricName, label: string) => serviceMetric(name, { service, label });
  return [
    {
      title: 'Published, delivered, replayed',
      left: [
        sum('sse_events_published_total', 'published'),
        sum('sse_events_delivered_total', 'delivered'),
        sum('sse_replay_events_total', 'replayed'),
      ],
    },
    {
      title: 'From publish to write, p99 of the slowest replica',
      left: [sum('sse_delivery_latency_seconds', 'seconds')],
    },
    { title: 'Gaps, by reason', left: byReason('sse_gaps_total', service) },
  ];
}

function storeGraphs({ service, storeNodes = [] }: StreamDashboardProps): readonly Graph[] {
  const nodes = (name: Parameters<typeof vendorMetric<'AWS/ElastiCache'>>[1]) =>
    storeNodes.map((CacheClusterId, index) =>
      vendorMetric('AWS/ElastiCache', name, { CacheClusterId }, `node ${index + 1}`),
    );
  const own: Graph = {
    title: 'Store: connected, and lag in seconds',
    left: [
      serviceMetric('sse_broker_connected', { service, statistic: 'Minimum', label: 'connected' }),
      serviceMetric('sse_broker_lag_seconds', { service, label: 'lag' }),
    ],
  };
  if (storeNodes.length === 0) return [own];
  return [
    own,
    { title: 'Store: memory, percent', left: nodes('DatabaseMemoryUsagePercentage') },
    { title: 'Store: CPU of commands, percent', left: nodes('EngineCPUUtilization') },
    { title: 'Store: copies behind, seconds', left: nodes('ReplicationLag') },
    { title: 'Store: evictions, connections', left: [...nodes('Evictions'), ...nodes('CurrConnections')] },
  ];
}

function balancerGraphs({ balancer }: StreamDashboardProps): readonly Graph[] {
  if (balancer === undefined) return [];
  const alb = (name: Parameters<typeof vendorMetric<'AWS/ApplicationELB'>>[1], label: string) =>
    vendorMetric('AWS/ApplicationELB', name, { LoadBalancer: balancer.loadBalancer }, label);
  return [
    {
      // the balancer has no count of streams it cuts: those are closed with reason client
      title: 'Balancer: refused and reset',
      left: [
        alb('HTTPCode_ELB_502_Count', '502: reset by the task'),
        alb('HTTPCode_ELB_503_Count', '503: no task'),
        alb('HTTPCode_ELB_504_Count', '504: task too slow'),
        alb('TargetConnectionErrorCount', 'task refused the connection'),
        alb('RejectedConnectionCount', 'balancer full'),
      ],
    },
    {
      title: 'Balancer: connections, both sides',
      left: [alb('ActiveConnectionCount', 'open'), alb('NewConnectionCount', 'new')],
    },
    {
      title: 'Balancer: LCUs',
      left: [
        alb('ConsumedLCUs', 'consumed'),
        new MathExpression({
          // one LCU carries 3,000 open connections (elasticloadbalancing/pricing)
          expression: 'active / 3000',
          usingMetrics: { active: alb('ActiveConnectionCount', 'open') },
          label: 'by open connections alone',
          period: Duration.minutes(1),
        }),
      ],
    },
  ];
}

function taskGraphs({ tasks }: StreamDashboardProps): readonly Graph[] {
  if (tasks === undefined) return [];
  const dimensions = { ClusterName: tasks.cluster, ServiceName: tasks.service };
  return [
    {
      title: 'Tasks: CPU and memory, percent',
      left: [
        vendorMetric('AWS/ECS', 'CPUUtilization', dimensions, 'CPU'),
        vendorMetric('AWS/ECS', 'MemoryUtilization', dimensions, 'memory'),
      ],
    },
  ];
}
