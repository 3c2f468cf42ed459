import { closeReasons, gapReasons, softFailReasons } from './wire.ts';

/** What the service exports, in one place: its registry, the dashboard and the alerts all take their names from here. */
export interface MetricFacts {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Every value that `reason`, the only label there is, can have: a label with values of clients would grow for ever. */
  readonly reasons?: readonly string[];
  /** What the processes of one replica come to together. @default their sum */
  readonly together?: 'min' | 'max';
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** The service's metrics by their Prometheus names. Node's own (`process_…`, `nodejs_…`) come on top. */
export const metricFacts = {
  sse_streams_active: { kind: 'gauge', help: 'Streams that are open on this replica.' },
  sse_streams_opened_total: { kind: 'counter', help: 'Streams opened; those that were turned away do not count.' },
  sse_streams_closed_total: {
    kind: 'counter',
    help: 'Streams closed, by reason: "client" when the other side left or the path was cut, else what stream:close said.',
    reasons: ['client', ...closeReasons],
  },
  sse_events_published_total: { kind: 'counter', help: 'Events accepted by this replica.' },
  sse_events_delivered_total: { kind: 'counter', help: 'Events written to streams, replays included.' },
  sse_delivery_latency_seconds: {
    kind: 'histogram',
    help: "From an event's publish, on whichever replica, until the last stream of a group was written to.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  sse_replay_events_total: { kind: 'counter', help: 'Events replayed to streams that resumed.' },
  sse_gaps_total: {
    kind: 'counter',
    help: 'Gaps announced, by reason: to one stream that resumed, or once to all streams of a replica.',
    reasons: gapReasons,
  },
  sse_soft_fails_total: {
    kind: 'counter',
    help: 'Streams turned away, by reason; softly, or with 503 where a proxy or client can do better with that.',
    reasons: softFailReasons,
  },
  sse_slow_clients_total: { kind: 'counter', help: 'Streams closed because their client took too little too slowly.' },
  sse_broker_connected: {
    kind: 'gauge',
    help: '1 while publishing works and events are heard, else 0.',
    together: 'min',
  },
  sse_broker_lag_seconds: {
    kind: 'gauge',
    help: 'How far what this replica has heard is behind what is published.',
    together: 'max',
  },
} as const satisfies Readonly<Record<string, MetricFacts>>;

export type MetricName = keyof typeof metricFacts;
