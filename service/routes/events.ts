import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  controlEvents,
  cursorPattern,
  drawRetryMs,
  proxySoftFailsHeader,
  softFailHeader,
  streamHeaders,
} from '../../lib/policy/index.ts';
import type { Refusal } from '../admission.ts';
import { checkSubscribe } from '../auth/check.ts';
import { StoreUnavailable } from '../broker/broker.ts';
import type { StreamRequest } from '../delivery.ts';
import { type Asked, askedKeys, cursorOf, subscriptionOf } from '../edges/asked.ts';
import { endIfRevoked, refusalOf, refusalProblem } from '../edges/refusals.ts';
import { streamResponse } from '../edges/stream-response.ts';
import { frame } from '../fanout/frame.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';

interface Query extends Asked {
  readonly heartbeat?: 'comment' | 'event';
  readonly envelope?: '0' | '1';
}

const querystring = {
  type: 'object',
  required: ['channel'],
  properties: {
    ...askedKeys,
    heartbeat: { enum: ['comment', 'event'] },
    envelope: { enum: ['0', '1'] },
  },
};

const eventStream = 'text/event-stream';

/** `GET /events`: the stream. */
export function eventsRoute(app: FastifyInstance, service: Service): void {
  // a HEAD would be answered by the same handler, body and all
  const options = { schema: { querystring }, exposeHeadRoute: false, config: { access: 'stream' as const } };
  app.get<{ Querystring: Query }>('/events', options, async (request, reply) => {
    if (!acceptsStream(request)) throw new Problem(406, 'this resource is a text/event-stream; accept that type');
    if (request.refusal === undefined) checkSubscribe(request.caller, request.query.channel);
    const refusal =
      request.refusal ?? refusalOf(service, request.caller.user) ?? (await openStream(service, request, reply));
    return refusal ? refuse(service, request, reply, refusal) : reply;
  });
}

/** What EventSource and curl send is known; only the rest is worth a negotiator. */
function acceptsStream(request: FastifyRequest): boolean {
  const { accept = '*/*' } = request.headers;
  return accept === eventStream || accept === '*/*' || request.accepts().type([eventStream]) !== false;
}

/** Opens the stream, or says why it could not be opened after all. */
async function openStream(
  service: Service,
  request: FastifyRequest<{ Querystring: Query }>,
  reply: FastifyReply,
): Promise<Refusal | undefined> {
  const { heartbeat = 'comment', envelope } = request.query;
  const { outlet, framing, begin } = streamResponse(request, reply);
  const wanted: StreamRequest = {
    ...subscriptionOf(request.query),
    shape: envelope === '1' ? 'envelope' : 'plain',
    heartbeat,
    lastEventId: cursorOf(request),
    outlet,
    framing,
    user: request.caller.user,
    expiresAt: request.caller.expiresAt,
  };
  const retryMs = drawRetryMs(service.settings.policy);
  try {
    const stream = await service.delivery.open(wanted, (opened) => {
      begin(service.delivery, opened);
      endIfRevoked(service, request.caller, opened);
    });
    return stream ? undefined : { reason: 'draining', retryMs };
  } catch (error) {
    if (error instanceof StoreUnavailable) return { reason: 'store-lost', retryMs };
    throw error;
  }
}

/**
 * Turns a stream away so that it comes back: 200, an empty stream with `retry:`. Clients that do not ask for an event
 * stream by name, and proxies that soft-fail by themselves, get 503 instead.
 */
export function refuse(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  { reason, retryMs }: Refusal,
): FastifyReply {
  const byName = request.headers.accept?.includes(eventStream) ?? false;
  if (!byName || request.headers[proxySoftFailsHeader] !== undefined)
    // a proxy soft-fails on 503 and on no other status
    throw refusalProblem(service, { reason, retryMs }, byName ? undefined : request.caller.user);
  service.metrics.softFails.inc({ reason });
  const cursor = cursorOf(request);
  // the cursor goes back as it came, unless it is none: some clients forget theirs when a response begins without an id
  const id = cursor !== undefined && new RegExp(cursorPattern).test(cursor) ? { id: cursor } : {};
  const body = frame({
    retryMs,
    ...id,
    type: controlEvents.close,
    data: JSON.stringify({
      reason: reason === 'draining' ? 'drain' : reason === 'limit' || reason === 'keys-lost' ? 'overloaded' : reason,
    }),
  });
  return reply.headers(streamHeaders).header(softFailHeader, reason).send(body);
}
