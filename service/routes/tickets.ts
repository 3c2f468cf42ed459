import type { FastifyInstance } from 'fastify';
import { credentialOf } from '../auth/credential.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';

/** `POST /tickets`: a one-time ticket with the caller's rights, for a stream's URL. */
export function ticketsRoute(app: FastifyInstance, { auth }: Service): void {
  app.post('/tickets', async (request, reply) => {
    // else whoever finds one in time could live on it for ever
    if (credentialOf(request)?.kind === 'ticket')
      throw new Problem(403, 'a ticket buys no other ticket; use the token');
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send(await auth.tickets.issue(request.caller));
  });
}
