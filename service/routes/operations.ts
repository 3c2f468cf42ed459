import type { FastifyInstance } from 'fastify';
import type { Service } from '../service.ts';

/** `/livez`, `/readyz` and `/metrics`: what platforms ask. */
export function operationsRoutes(app: FastifyInstance, service: Service): void {
  // never depends on Redis or load: a restart would cut every stream and mend neither
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const status = service.delivery.draining ? 'draining' : service.broker.connected ? 'ready' : 'store-lost';
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(service.metrics.registry.contentType).send(await service.metrics.registry.metrics()),
  );
}
