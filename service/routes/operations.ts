import type { FastifyInstance } from 'fastify';
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
  app.get('/metrics', options, async (_request, reply) =>
    reply.type(service.metrics.registry.contentType).send(await service.metrics.registry.metrics()),
  );
}
