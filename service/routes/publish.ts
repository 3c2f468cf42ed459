import type { FastifyInstance } from 'fastify';
import { channelPattern } from '../../lib/policy/index.ts';
import { checkPublish } from '../auth/check.ts';
import { type Draft, KeyReused } from '../broker/broker.ts';
import { writeCursor } from '../broker/cursor.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';
import { onceOf } from './idempotency.ts';

/** Events in one publish at most. */
const mostEvents = 1000;
/** A body may hold a few of the largest events, and many small ones. */
const eventsPerBody = 16;

const params = { type: 'object', properties: { channel: { type: 'string', pattern: channelPattern } } };

/** `POST /channels/:channel/events`: one event or an array of them, kept and delivered in that order. */
export function publishRoute(app: FastifyInstance, { broker, metrics, settings }: Service): void {
  const { maxEventBytes } = settings.policy;
  const options = { schema: { params }, bodyLimit: eventsPerBody * maxEventBytes + 1024 };
  app.post<{ Params: { channel: string }; Body: unknown }>(
    '/channels/:channel/events',
    options,
    async (request, reply) => {
      checkPublish(request.caller, request.params.channel);
      const drafts = draftsOf(request.body, maxEventBytes);
      const cursors = await broker.publish(request.params.channel, drafts, onceOf(request, drafts)).catch(explain);
      if (!cursors.repeated) metrics.published.inc(drafts.length);
      return reply.code(202).send({ ids: cursors.map(writeCursor) });
    },
  );
}

/** A repetition of something else is the client's mistake (422, as the draft has it). */
function explain(error: Error): never {
  throw error instanceof KeyReused ? new Problem(422, 'this Idempotency-Key was used before for other events') : error;
}

/** @throws Problem 400 or 413, naming the event, the field and what would be accepted. */
function draftsOf(body: unknown, maxEventBytes: number): readonly Draft[] {
  const events = Array.isArray(body) ? body : [body];
  if (events.length === 0 || events.length > mostEvents)
    throw new Problem(400, `a publish must hold 1 to ${mostEvents} events, not ${events.length}`);
  return events.map((event, index) =>
    draftOf(event, Array.isArray(body) ? `event ${index}` : 'the event', maxEventBytes),
  );
}

function draftOf(event: unknown, where: string, maxEventBytes: number): Draft {
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new Problem(400, `${where} must be an object { "type"?, "data" }`);
  for (const key in event) {
    if (key !== 'type' && key !== 'data')
      throw new Problem(400, `${where} has an unknown key ${JSON.stringify(key)}; the keys are "type" and "data"`);
  }
  const { type, data } = event as Record<string, unknown>;
  if (data === undefined) throw new Problem(400, `${where} must have "data", any JSON value`);
  if (type !== undefined) checkType(type, where);
  const text = JSON.stringify(data);
  const size = Buffer.byteLength(text) + Buffer.byteLength(type ?? '');
  if (size > maxEventBytes) throw new Problem(413, `${where} has ${size} bytes, and maxEventBytes is ${maxEventBytes}`);
  return { type, data: text };
}

/**
 * A type that breaks its line could forge any field, one of ours could be mistaken for the service speaking, and half a
 * surrogate pair has no UTF-8: it would arrive as another type.
 */
function checkType(type: unknown, where: string): asserts type is string {
  const plain = typeof type === 'string' && /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(type);
  const ours = plain && (type.startsWith('stream:') || type === 'heartbeat');
  if (!plain || ours) {
    throw new Problem(
      400,
      `${where} has the type ${JSON.stringify(type)}; a type is 1 to 128 characters, none of them a control character or half a surrogate pair, and not "heartbeat" or "stream:…"`,
    );
  }
}
