import type { FastifyInstance } from 'fastify';
import { userPattern } from '../../lib/policy/index.ts';
import { checkAdmin } from '../auth/check.ts';
import type { Service } from '../service.ts';

const params = { type: 'object', properties: { user: { type: 'string', pattern: userPattern } } };

/**
 * `DELETE /users/:user/streams`: ends a user's streams on all replicas, and refuses their tokens and tickets until they
 * have a token that was issued later. Asked twice it does it twice: the second time counts.
 */
export function usersRoute(app: FastifyInstance, { auth, delivery }: Service): void {
  app.delete<{ Params: { user: string } }>('/users/:user/streams', { schema: { params } }, async (request, reply) => {
    checkAdmin(request.caller);
    const { user } = request.params;
    const endedHere = delivery.streamsOf(user);
    const revokedAt = await auth.revocations.revoke(user);
    // accepted and not done: the other replicas are told, and have yet to hear it
    return reply.code(202).send({ user, revokedAt: new Date(revokedAt).toISOString(), endedHere });
  });
}
