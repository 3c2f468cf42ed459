import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  channelPattern,
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
import type { ServiceStream, StreamRequest } from '../delivery.ts';
import { detach } from '../detach.ts';
import { frame } from '../fanout/frame.ts';
import { type Http2Outlet, http2OutletOf } from '../http2-outlet.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';
import { follow, SocketOutlet } from '../socket-outlet.ts';

interface Query {
  readonly channel: readonly string[];
  readonly type?: readonly string[];
  readonly lastEventId?: string;
  readonly heartbeat?: 'comment' | 'event';
  readonly envelope?: '0' | '1';
}

const querystring = {
  type: 'object',
  required: ['channel'],
  properties: {
    channel: { type: 'array', minItems: 1, maxItems: 100, items: { type: 'string', pattern: channelPattern } },
    type: { type: 'array', maxItems: 100, items: { type: 'string', minLength: 1, maxLength: 128 } },
    lastEventId: { type: 'string', maxLength: 256 },
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
    // Node gives a response its connection when it is that response's turn; ours writes to the connection at once
    if (reply.raw.socket === null) throw new Problem(400, 'a stream needs a connection of its own: no pipelining');
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

/** Why no stream can be opened right now. */
function refusalOf(
  { settings: { policy }, delivery, broker, admission }: Service,
  user: string | undefined,
): Refusal | undefined {
  if (delivery.draining) return { reason: 'draining', retryMs: drawRetryMs(policy) };
  if (!broker.connected) return { reason: 'store-lost', retryMs: drawRetryMs(policy) };
  return admission.refuse(delivery.size, user === undefined ? 0 : delivery.streamsOf(user));
}

/** Opens the stream, or says why it could not be opened after all. */
async function openStream(
  service: Service,
  request: FastifyRequest<{ Querystring: Query }>,
  reply: FastifyReply,
): Promise<Refusal | undefined> {
  const { channel, type = [], heartbeat = 'comment', envelope } = request.query;
  const { socket } = request.raw;
  const http2 = http2OutletOf(request);
  // Before HTTP/1.1 there are no chunks, unless the client says that it knows them: the end of the connection is the end
  // of the body. HTTP/2 has frames of its own.
  const framing = http2 || !reply.raw.useChunkedEncodingByDefault ? 'raw' : 'chunked';
  const wanted: StreamRequest = {
    channels: [...new Set(channel)],
    types: [...new Set(type)],
    envelope: envelope === '1',
    heartbeat,
    lastEventId: lastEventIdOf(request),
    outlet: http2 ?? new SocketOutlet(socket, framing, reply.getHeaders()),
    framing,
    user: request.caller.user,
    expiresAt: request.caller.expiresAt,
  };
  const retryMs = drawRetryMs(service.settings.policy);
  try {
    const stream = await service.delivery.open(wanted, (opened) => {
      if (http2) takeOverHttp2(service, reply, http2, opened);
      else takeOver(service, reply, socket, opened);
      // taken back while the channels were being subscribed to
      if (service.auth.revocations.covers(request.caller)) service.delivery.fanout.close(opened, 'revoked');
    });
    return stream ? undefined : { reason: 'draining', retryMs };
  } catch (error) {
    if (error instanceof StoreUnavailable) return { reason: 'store-lost', retryMs };
    throw error;
  }
}

/** From here on the connection is the stream's. */
function takeOver(service: Service, reply: FastifyReply, socket: Socket, stream: ServiceStream): void {
  reply.hijack();
  detach(socket, reply.raw);
  follow(socket, service.delivery.fanout, stream);
}

/** As `takeOver`, for a stream that shares its connection. */
function takeOverHttp2(service: Service, reply: FastifyReply, outlet: Http2Outlet, stream: ServiceStream): void {
  reply.hijack();
  outlet.begin(reply.getHeaders(), service.delivery.fanout, stream);
}

/** The header is the browser's, and newer: it moves on with each event, while the query stays as it was written. */
function lastEventIdOf(request: FastifyRequest<{ Querystring: Query }>): string | undefined {
  const header = request.headers['last-event-id'];
  return (typeof header === 'string' && header) || request.query.lastEventId || undefined;
}

/**
 * Turns a stream away so that it comes back: 200, an empty stream with `retry:`. Clients that do not ask for an event
 * stream by name, and proxies that soft-fail by themselves, get 503 instead.
 */
function refuse(
  service: Service,
  request: FastifyRequest<{ Querystring: Query }>,
  reply: FastifyReply,
  { reason, retryMs }: Refusal,
): FastifyReply {
  service.metrics.softFails.inc({ reason });
  const byName = request.headers.accept?.includes(eventStream) ?? false;
  if (!byName || request.headers[proxySoftFailsHeader] !== undefined)
    throw new Problem(503, `no new streams: ${reason}`, Math.ceil(retryMs / 1000));
  const cursor = lastEventIdOf(request);
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
