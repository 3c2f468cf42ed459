import cluster from 'node:cluster';
import type { FastifyInstance } from 'fastify';
import { expose, type MetricsJson } from '../metrics.ts';
import type { Service } from '../service.ts';

/** Who asks here has no token: kubelets, load balancers, Prometheus, all from inside. What they are told is no secret. */
const options = { config: { access: 'open' as const } };

/** `/livez`, `/readyz` and `/metrics`: what platforms ask. */
export function operationsRoutes(app: FastifyInstance, service: Service): void {
  // never depends on Redis or load: a restart would cut every stream and mend neither
  app.get('/livez', options, async () => ({ status: 'ok' }));
  app.get('/readyz', options, async (_request, reply) => {
    const status = service.delivery.draining ? 'draining' : service.broker.connected ? 'ready' : 'store-lost';
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  const { registry } = service.metrics;
  service.peers.answer('metrics', () => registry.getMetricsAsJSON());
  // of a replica with several processes any may be asked, and tells of all
  app.get('/metrics', options, async (_request, reply) =>
    reply
      .type(registry.contentType)
      .send(await (cluster.isWorker ? expose(await service.peers.ask<MetricsJson>('metrics')) : registry.metrics())),
  );
}
