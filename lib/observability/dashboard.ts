import type { StreamPolicy } from '../policy/index.ts';
import { latency, rate, series } from './promql.ts';

interface Query {
  readonly expr: string;
  /** What a line is called; `{{label}}` is filled in. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description: string;
  /** Grafana's unit, `short` for a plain number. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** A limit of the policy, drawn as a line. */
  readonly limit?: number;
}

/** Only the replicas chosen at the top of the dashboard. */
const chosen = 'instance=~"$instance"';
const window = '$__rate_interval';
const perSecond = (name: Parameters<typeof rate>[0]): string => rate(name, window, chosen);

function rows(policy: StreamPolicy): Readonly<Record<string, readonly Panel[]>> {
  return {
    Streams: [
      {
        title: 'Open streams',
        description:
          'Per replica; the line is maxStreams. Lines apart: look whether they meet again within a stream age.',
        unit: 'short',
        limit: policy.maxStreams,
        queries: [{ expr: series('sse_streams_active', chosen), legend: '{{instance}}' }],
      },
      {
        title: 'Opened',
        description: 'Per replica; the line is connectRatePerSecond, beyond which streams are told to come back later.',
        unit: 'cps',
        limit: policy.connectRatePerSecond,
        queries: [{ expr: perSecond('sse_streams_opened_total'), legend: '{{instance}}' }],
      },
      {
        title: 'Closed, by reason',
        description: 'In peace: max-age and client. A sawtooth of client alone means that a hop cuts streams.',
        unit: 'cps',
        queries: [{ expr: `sum by (reason) (${perSecond('sse_streams_closed_total')})`, legend: '{{reason}}' }],
      },
      {
        title: 'Turned away, by reason',
        description: 'Soft-fails. draining belongs to a rollout; limit and overloaded ask for replicas.',
        unit: 'cps',
        queries: [{ expr: `sum by (reason) (${perSecond('sse_soft_fails_total')})`, legend: '{{reason}}' }],
      },
      {
        title: 'Slow clients',
        description: 'Streams closed because more than slowClientBytes were waiting for them; they resume.',
        unit: 'cps',
        queries: [{ expr: `sum(${perSecond('sse_slow_clients_total')})`, legend: 'closed' }],
      },
    ],
    Events: [
      {
        title: 'Published and delivered',
        description: 'Delivered over published is the fan-out.',
        unit: 'cps',
        queries: [
          { expr: `sum(${perSecond('sse_events_published_total')})`, legend: 'published' },
          { expr: `sum(${perSecond('sse_events_delivered_total')})`, legend: 'delivered' },
        ],
      },
      {
        title: 'From publish to write',
        description: 'Over all replicas, store included. Clocks of publisher and replica take part in it.',
        unit: 's',
        queries: [0.5, 0.9, 0.99].map((quantile) => ({
          expr: latency(quantile, window, chosen),
          legend: `p${quantile * 100}`,
        })),
      },
      {
        title: 'Replayed',
        description:
          'Events for streams that came back; high after a rollout, and otherwise a sign that streams are cut.',
        unit: 'cps',
        queries: [{ expr: `sum(${perSecond('sse_replay_events_total')})`, legend: 'replayed' }],
      },
      {
        title: 'Gaps, by reason',
        description: 'Clients that were told that events are missing. evicted: they were away for too long.',
        unit: 'cps',
        queries: [{ expr: `sum by (reason) (${perSecond('sse_gaps_total')})`, legend: '{{reason}}' }],
      },
    ],
    Replicas: [
      {
        title: 'Store connected',
        description: '1 while publishing works and events are heard.',
        unit: 'short',
        queries: [{ expr: series('sse_broker_connected', chosen), legend: '{{instance}}' }],
      },
      {
        title: 'Store lag',
        description: 'How far what a replica has heard is behind what is published.',
        unit: 's',
        queries: [{ expr: series('sse_broker_lag_seconds', chosen), legend: '{{instance}}' }],
      },
      {
        title: 'CPU',
        description: 'Cores in use; one is all that a process has for its streams.',
        unit: 'short',
        queries: [{ expr: perSecond('process_cpu_seconds_total'), legend: '{{instance}}' }],
      },
      {
        title: 'Memory',
        description: 'Resident, with what clients have not read yet; the kernel holds socket buffers on top.',
        unit: 'bytes',
        queries: [{ expr: series('process_resident_memory_bytes', chosen), legend: '{{instance}}' }],
      },
      {
        title: 'Event loop, p99 lag',
        description: 'What a heartbeat or an event may be late by.',
        unit: 's',
        queries: [{ expr: series('nodejs_eventloop_lag_p99_seconds', chosen), legend: '{{instance}}' }],
      },
      {
        title: 'Open files',
        description: 'A stream is one; the second line of a replica is its limit.',
        unit: 'short',
        queries: [
          { expr: series('process_open_fds', chosen), legend: '{{instance}}' },
          { expr: series('process_max_fds', chosen), legend: '{{instance}} limit' },
        ],
      },
    ],
  };
}

/** Grafana's grid is 24 wide. */
const width = 8;
const height = 8;
const source = { type: 'prometheus', uid: '$datasource' };

/** The dashboard as Grafana imports it. */
export function dashboard(policy: StreamPolicy): string {
  const model = {
    title: 'Streams (sse-kit)',
    uid: 'sse-kit',
    description:
      'Rendered from the stream policy by `npm run render`; change the policy, not the numbers here. What to do about what it shows: docs/operations.md',
    tags: ['sse'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [variableOfSource, variableOfInstance] },
    panels: layout(rows(policy)),
  };
  return `${JSON.stringify(model, undefined, 2)}\n`;
}

const variableOfSource = { name: 'datasource', label: 'Source', type: 'datasource', query: 'prometheus' };

const variableOfInstance = {
  name: 'instance',
  label: 'Replica',
  type: 'query',
  datasource: source,
  query: `label_values(${series('sse_streams_active')}, instance)`,
  refresh: 2,
  multi: true,
  includeAll: true,
  allValue: '.*',
};

function layout(groups: Readonly<Record<string, readonly Panel[]>>): readonly object[] {
  const panels: object[] = [];
  let y = 0;
  for (const [title, members] of Object.entries(groups)) {
    panels.push({ id: panels.length + 1, type: 'row', title, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    y++;
    for (const [index, panel] of members.entries()) {
      const gridPos = {
        x: (index * width) % 24,
        y: y + height * Math.floor((index * width) / 24),
        w: width,
        h: height,
      };
      panels.push({ id: panels.length + 1, ...chart(panel), gridPos });
    }
    y += height * Math.ceil((members.length * width) / 24);
  }
  return panels;
}

function chart({ title, description, unit, queries, limit }: Panel): object {
  const steps = [{ color: 'green', value: null }, ...(limit === undefined ? [] : [{ color: 'red', value: limit }])];
  return {
    type: 'timeseries',
    title,
    description,
    datasource: source,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: { mode: 'absolute', steps },
        custom: { fillOpacity: 10, thresholdsStyle: { mode: limit === undefined ? 'off' : 'line' } },
      },
      overrides: [],
    },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: source,
      expr,
      legendFormat: legend,
    })),
  };
}
