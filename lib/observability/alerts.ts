import { oldestStreamSeconds, type StreamPolicy } from '../policy/index.ts';
import { increase, latency, rate, series } from './promql.ts';

/** An alert and when it fires. What it means and what to do stands in docs/operations.md, under its name. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** How long it has to be true. */
  readonly for: string;
  /** critical: clients are losing something now. warning: they will, unless somebody looks. */
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
}

/** A share of a limit at which there is still time to act. */
const early = 0.8;
/** An event that takes longer is no news; one of the histogram's bounds, so that the quantile is exact there. */
const slowSeconds = 1;
/** A loop this late keeps heartbeats later than the core's own quarter of a second. */
const lateSeconds = 0.25;
/** Fewer streams than this say nothing about a path. */
const enoughStreams = 100;

/** The alerts, with the thresholds of a policy. */
export function alerts(policy: StreamPolicy): readonly Alert[] {
  const { maxStreams, connectRatePerSecond, idleSeconds } = policy;
  const active = series('sse_streams_active');
  return [
    {
      name: 'SseNoMetrics',
      expr: `absent(${active})`,
      for: '2m',
      severity: 'critical',
      summary: 'No replica is being scraped: whatever happens to streams, nobody will be told.',
    },
    {
      name: 'SseStoreAway',
      expr: `${series('sse_broker_connected')} == 0`,
      for: '30s',
      severity: 'critical',
      summary: '{{ $labels.instance }} does not hear the event store: it publishes nothing and opens no streams.',
    },
    {
      name: 'SseStoreSlow',
      expr: `${series('sse_broker_lag_seconds')} > 5 and ${series('sse_broker_connected')} == 1`,
      for: '1m',
      severity: 'warning',
      summary: '{{ $labels.instance }} hears of events {{ $value | humanizeDuration }} after they were published.',
    },
    {
      name: 'SseEventsLost',
      expr: `sum by (reason) (${increase('sse_gaps_total', '10m', 'reason=~"epoch|store-lost"')}) > 0`,
      for: '0m',
      severity: 'critical',
      summary: 'Clients were told of a gap ({{ $labels.reason }}): the store has lost events or begun anew.',
    },
    {
      name: 'SseReplayTooShort',
      expr: `sum(${rate('sse_gaps_total', '30m', 'reason="evicted"')}) > 0.01 * sum(${rate('sse_streams_opened_total', '30m')})`,
      for: '30m',
      severity: 'warning',
      summary: `More than one stream in a hundred comes back later than the history reaches (replaySeconds ${policy.replaySeconds}, replayMaxEvents ${policy.replayMaxEvents}).`,
    },
    {
      name: 'SseReplicaNearlyFull',
      expr: `${active} > ${early * maxStreams}`,
      for: '5m',
      severity: 'warning',
      summary: `{{ $labels.instance }} holds {{ $value }} of ${maxStreams} streams (maxStreams).`,
    },
    {
      name: 'SseStreamsTurnedAway',
      expr: `sum by (reason) (${rate('sse_soft_fails_total', '5m', 'reason!~"draining|store-lost"')}) > 0`,
      for: '5m',
      severity: 'warning',
      summary: 'Streams are turned away softly ({{ $labels.reason }}), {{ $value | humanize }} a second.',
    },
    {
      name: 'SseReconnectStorm',
      expr: `${rate('sse_streams_opened_total', '1m')} > ${early * connectRatePerSecond}`,
      for: '1m',
      severity: 'warning',
      summary: `{{ $labels.instance }} opens {{ $value | humanize }} streams a second, of ${connectRatePerSecond} it admits (connectRatePerSecond).`,
    },
    {
      name: 'SseDeliverySlow',
      expr: `${latency(0.99, '5m')} > ${slowSeconds}`,
      for: '5m',
      severity: 'warning',
      summary: 'One event in a hundred takes {{ $value | humanizeDuration }} from publish to write.',
    },
    {
      name: 'SseEventLoopBusy',
      expr: `${series('nodejs_eventloop_lag_p99_seconds')} > ${lateSeconds}`,
      for: '5m',
      severity: 'warning',
      summary: '{{ $labels.instance }} is late by {{ $value | humanizeDuration }}: it needs more CPU or fewer streams.',
    },
    {
      name: 'SseSlowClients',
      expr: `sum(${rate('sse_slow_clients_total', '15m')}) > 0.05 * sum(${rate('sse_streams_closed_total', '15m')})`,
      for: '15m',
      severity: 'warning',
      summary: `More than one stream in twenty is closed because its client takes too little (slowClientBytes ${policy.slowClientBytes}).`,
    },
    {
      name: 'SseStreamsCutShort',
      // Little's law: streams that leave per second, times how long they lived, are the streams that are open
      expr: `sum(${rate('sse_streams_closed_total', '15m', 'reason="client"')}) * ${idleSeconds} > sum(${active}) and sum(${active}) > ${enoughStreams}`,
      for: '15m',
      severity: 'warning',
      summary: `Streams live shorter than ${idleSeconds} s (idleSeconds) on average: something on the path cuts them.`,
    },
    {
      name: 'SseStreamsUneven',
      expr: `max(${active}) > 1.5 * avg(${active}) and avg(${active}) > ${0.05 * maxStreams}`,
      for: `${oldestStreamSeconds(policy)}s`,
      severity: 'warning',
      summary: 'One replica holds half as many streams again as the average, for longer than any stream lives.',
    },
    {
      name: 'SseFilesNearlyOut',
      expr: `${series('process_open_fds')} > 0.9 * ${series('process_max_fds')}`,
      for: '5m',
      severity: 'critical',
      summary: '{{ $labels.instance }} will soon be refused sockets: raise its nofile limit above maxStreams.',
    },
  ];
}

const runbook = 'docs/operations.md';

/** The anchor of an alert's section. */
export const runbookOf = ({ name }: Alert): string => `${runbook}#${name.toLowerCase()}`;

/** The alerts as a file of Prometheus rules; what is below `groups` is the `spec` of a PrometheusRule as well. */
export function alertRules(policy: StreamPolicy): string {
  return `# Alerts of the stream service, for rule_files of Prometheus; as a PrometheusRule of its operator, this is the spec.
# What each means and what to do: ${runbook}. The links are relative to the repository; put its address in front.
#
# Rendered from the stream policy by \`npm run render\`; change the policy, not the numbers here.

groups:
  - name: sse-kit
    rules:
${alerts(policy).map(ruleOf).join('\n')}`;
}

function ruleOf(alert: Alert): string {
  return `      - alert: ${alert.name}
        expr: ${quoted(alert.expr)}
        for: ${alert.for}
        labels: { severity: ${alert.severity} }
        annotations:
          summary: ${quoted(alert.summary)}
          runbook_url: ${runbookOf(alert)}
`;
}

/** The same as the `groups` of a PrometheusRule. */
export const alertGroups = (policy: StreamPolicy): readonly object[] => [
  {
    name: 'sse-kit',
    rules: alerts(policy).map((alert) => ({
      alert: alert.name,
      expr: alert.expr,
      for: alert.for,
      labels: { severity: alert.severity },
      annotations: { summary: alert.summary, runbook_url: runbookOf(alert) },
    })),
  },
];

/** A string in single quotes, as YAML reads it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
