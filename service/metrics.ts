import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricFacts, type MetricName, metricFacts } from '../lib/policy/index.ts';
import type { Broker } from './broker/broker.ts';
import type { Fanout } from './fanout/fanout.ts';

/** What the metrics look at when they are asked for. */
interface Sources {
  readonly broker: Broker;
  readonly fanout: () => Pick<Fanout<never, never>, 'size' | 'delivered'>;
}

/** The service's metrics, by their Prometheus names. */
export function createMetrics({ broker, fanout }: Sources) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let counted = 0;
  gauge(registry, 'sse_streams_active', () => fanout().size);
  gauge(registry, 'sse_broker_connected', () => (broker.connected ? 1 : 0));
  gauge(registry, 'sse_broker_lag_seconds', () => broker.lagSeconds);
  counter(registry, 'sse_events_delivered_total', (one) => {
    // counted by the fan-out core, which must not know of Prometheus
    const { delivered } = fanout();
    one.inc(delivered - counted);
    counted = delivered;
  });
  return {
    registry,
    opened: counter(registry, 'sse_streams_opened_total'),
    closed: counter(registry, 'sse_streams_closed_total'),
    published: counter(registry, 'sse_events_published_total'),
    latency: histogram(registry, 'sse_delivery_latency_seconds'),
    replayed: counter(registry, 'sse_replay_events_total'),
    gaps: counter(registry, 'sse_gaps_total'),
    softFails: counter(registry, 'sse_soft_fails_total'),
    slowClients: counter(registry, 'sse_slow_clients_total'),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** All processes' metrics as one text: sums, but for what their facts say otherwise. */
export function expose(all: readonly MetricsJson[]): Promise<string> {
  return AggregatorRegistry.aggregate([...all]).metrics();
}

export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

function togetherOf(name: MetricName): { readonly aggregator?: 'min' | 'max' } {
  const { together }: MetricFacts = metricFacts[name];
  return together === undefined ? {} : { aggregator: together };
}

/** A gauge that is looked at when it is asked for. */
function gauge(registry: Registry, name: MetricName, look: () => number): void {
  new Gauge({
    name,
    help: metricFacts[name].help,
    ...togetherOf(name),
    registers: [registry],
    collect() {
      this.set(look());
    },
  });
}

function counter(
  registry: Registry,
  name: MetricName,
  collect?: (counter: Counter<'reason'>) => void,
): Counter<'reason'> {
  const { help, reasons }: MetricFacts = metricFacts[name];
  const one: Counter<'reason'> = new Counter({
    name,
    help,
    labelNames: reasons ? ['reason'] : [],
    registers: [registry],
    ...(collect && { collect: () => collect(one) }),
  });
  // a series that begins with its first case has no rate for it: all of them are there from the first scrape
  for (const reason of reasons ?? []) one.inc({ reason }, 0);
  return one;
}

function histogram(registry: Registry, name: MetricName): Histogram {
  const { help, buckets }: MetricFacts = metricFacts[name];
  return new Histogram({ name, help, ...(buckets && { buckets: [...buckets] }), registers: [registry] });
}
