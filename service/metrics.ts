import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
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
  const registers = [registry];
  let counted = 0;
  new Gauge({
    name: 'sse_streams_active',
    help: 'streams that are open',
    registers,
    collect() {
      this.set(fanout().size);
    },
  });
  new Gauge({
    name: 'sse_broker_connected',
    help: '1 while events are heard and publishing works',
    registers,
    collect() {
      this.set(broker.connected ? 1 : 0);
    },
  });
  new Counter({
    name: 'sse_events_delivered_total',
    help: 'events written to streams',
    registers,
    collect() {
      // counted by the fan-out core, which must not know of Prometheus
      const { delivered } = fanout();
      this.inc(delivered - counted);
      counted = delivered;
    },
  });
  return {
    registry,
    opened: new Counter({ name: 'sse_streams_opened_total', help: 'streams opened', registers }),
    closed: new Counter({
      name: 'sse_streams_closed_total',
      help: 'streams closed, by reason; "client" is the other side',
      labelNames: ['reason'],
      registers,
    }),
    published: new Counter({ name: 'sse_events_published_total', help: 'events accepted', registers }),
    latency: new Histogram({
      name: 'sse_delivery_latency_seconds',
      help: 'from publish until the last stream of a group was written to',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    replayed: new Counter({ name: 'sse_replay_events_total', help: 'events replayed to resuming streams', registers }),
    gaps: new Counter({ name: 'sse_gaps_total', help: 'gaps announced, by reason', labelNames: ['reason'], registers }),
    softFails: new Counter({
      name: 'sse_soft_fails_total',
      help: 'streams turned away, by reason',
      labelNames: ['reason'],
      registers,
    }),
    slowClients: new Counter({
      name: 'sse_slow_clients_total',
      help: 'streams closed because their client was too slow',
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
