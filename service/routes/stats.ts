import type { FastifyInstance } from 'fastify';
import { checkAdmin } from '../auth/check.ts';
import type { Service } from '../service.ts';
import { type Stats, statsOf } from '../stats.ts';
import { together } from '../stats-together.ts';

/** `GET /stats`: what this replica knows of itself, all its processes together, for administrators. */
export function statsRoute(app: FastifyInstance, service: Service): void {
  service.peers.answer('stats', () => statsOf(service));
  app.get('/stats', async (request, reply) => {
    checkAdmin(request.caller);
    return reply.header('cache-control', 'no-store').send(together(await service.peers.ask<Stats>('stats')));
  });
}
