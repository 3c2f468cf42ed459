import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { typesSchema } from '../edges/asked.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';

/** A replica's name and a number of its own, as `stream:open` tells it. */
const params = { type: 'object', properties: { id: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,80}$' } } };

const body = {
  type: 'object',
  required: ['types'],
  additionalProperties: false,
  properties: { types: { ...typesSchema, description: 'empty for all' } },
};

/**
 * `PUT /streams/:id/types`: from here on the stream gets these types. Whichever replica holds it does so; what it holds
 * back no more comes from now on. A client that comes back asks with its URL, and should have the new types in it.
 */
export function typesRoute(app: FastifyInstance, { delivery }: Service): void {
  app.put<{ Params: { id: string }; Body: { types: readonly string[] } }>(
    '/streams/:id/types',
    { schema: { params, body } },
    async ({ params: { id: stream }, body: { types }, caller: { user, grants } }, reply) => {
      const question = { nonce: randomUUID(), stream, types: [...new Set(types)], user, admin: grants.admin };
      const allowed = await delivery.control.retype(question);
      if (allowed === undefined) throw new Problem(404, `no replica has an open stream ${stream}`);
      if (!allowed) throw new Problem(403, `the stream ${stream} is not yours`);
      return reply.code(204).send();
    },
  );
}
