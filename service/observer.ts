import type { FastifyBaseLogger } from 'fastify';
import type { DeliveryObserver } from './delivery.ts';
import type { Shape } from './fanout/stream.ts';
import type { Metrics } from './metrics.ts';

/**
 * Counts what happens to streams, and writes two lines for each: who listens to what, and why it ended after how long.
 * A line costs some 4 µs of CPU. Long polls come and go too often for that: theirs are for whoever debugs.
 */
export function observer(log: Pick<FastifyBaseLogger, 'info' | 'debug'>, metrics: Metrics): DeliveryObserver {
  return {
    opened: ({ id, owner, group: { channels, shape } }, resumed) => {
      metrics.opened.inc();
      log[levelOf(shape)]({ stream: id, user: owner, channels, resumed }, 'stream opened');
    },
    closed: ({ id, owner, group: { channels, shape }, openedAt }, reason = undefined) => {
      const why = reason ?? 'client';
      metrics.closed.inc({ reason: why });
      if (reason === 'slow') metrics.slowClients.inc();
      // the core's clock; milliseconds are all that is worth keeping of it
      const ageSeconds = Math.round(performance.now() - openedAt) / 1000;
      log[levelOf(shape)]({ stream: id, user: owner, channels, ageSeconds, reason: why }, 'stream closed');
    },
    gap: (reason) => metrics.gaps.inc({ reason }),
    replayed: (events) => metrics.replayed.inc(events),
    latency: (seconds) => metrics.latency.observe(seconds),
  };
}

const levelOf = (shape: Shape): 'info' | 'debug' => (shape === 'line' ? 'debug' : 'info');
