/**
 * Token streaming: a text that is made word by word reaches its reader as it is made, survives a reconnect in the middle
 * without losing or repeating a word, and can be cancelled from anywhere.
 *
 *   POST   /answers      {"prompt"} → 202 {"answer", "channel", "cursor"}
 *   DELETE /answers/:id  202: cancel it, on whichever replica it is made
 *
 * Events: `started`, `token` {"answer", "i", "text"}, then one of `done` {…, "length", "sha256"}, `cancelled` and
 * `failed` {…, "reason"}. The channel is the caller's own, `user:<sub>`, which needs no grant; without tokens it is
 * `answer:<id>`. Subscribe from the cursor on and nothing is missed.
 *
 * To copy it: this folder, ../announce.ts, the `cancel` message in control.ts, and a line that calls
 * `tokens(app, service, yourGenerator)`. docs/patterns.md has the guarantees.
 */
import type { FastifyInstance } from 'fastify';
import { drawRetryMs } from '../../../lib/policy/index.ts';
import { writeCursor } from '../../broker/cursor.ts';
import { Problem } from '../../problem.ts';
import type { Service } from '../../service.ts';
import { announce, channelOfUser } from '../announce.ts';
import { type AnswerLimits, Answers, answerLimits, type Generate } from './answers.ts';
import { echo } from './echo.ts';

const body = {
  type: 'object',
  required: ['prompt'],
  additionalProperties: false,
  properties: { prompt: { type: 'string', minLength: 1, maxLength: 16_384 } },
};
const params = { type: 'object', properties: { id: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' } } };

export function tokens(
  app: FastifyInstance,
  service: Service,
  generate: Generate = echo,
  limits: AnswerLimits = answerLimits,
): void {
  const { control } = service.delivery;
  const retryAfterSeconds = (): number => Math.ceil(drawRetryMs(service.settings.policy) / 1000);
  const answers = new Answers({
    generate,
    limits,
    publish: (...event) => announce(service, ...event),
    failed: (answer, error) => app.log.warn({ answer, err: error }, 'answer failed'),
  });
  control.on('cancel', ({ answer, ...by }) => answers.cancel(answer, by));
  // answers have the time of the drain to come to their end; those that have not are told so while there is a broker
  app.addHook('preClose', () => answers.stop());

  app.post<{ Body: { prompt: string } }>('/answers', { schema: { body } }, async (request, reply) => {
    const { user } = request.caller;
    if (service.delivery.draining) throw new Problem(503, 'no new answers: draining', retryAfterSeconds());
    const full = answers.full(user);
    if (full === 'user') throw new Problem(429, `you have ${limits.perUser} answers under way`, retryAfterSeconds());
    if (full === 'replica') throw new Problem(503, 'too many answers are under way', retryAfterSeconds());
    const channelOf = (id: string): string => (user === undefined ? `answer:${id}` : channelOfUser(user));
    const { cursor, ...begun } = await answers.begin(request.body.prompt, channelOf, user);
    return reply.code(202).send({ ...begun, cursor: writeCursor(cursor) });
  });

  app.delete<{ Params: { id: string } }>('/answers/:id', { schema: { params } }, async (request, reply) => {
    const { user, grants } = request.caller;
    const { id } = request.params;
    await control.tell('cancel', { answer: id, user, admin: grants.admin });
    // accepted and not done: the replica that makes it is told, and says `cancelled` on its channel
    return reply.code(202).send({ answer: id });
  });
}
