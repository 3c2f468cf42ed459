import websocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkSubscribe } from '../auth/check.ts';
import { originAllowed } from '../auth/origin.ts';
import { StoreUnavailable } from '../broker/broker.ts';
import { type Asked, askedKeys, cursorOf, subscriptionOf } from '../edges/asked.ts';
import { endIfRevoked, refusalOf, refusalProblem } from '../edges/refusals.ts';
import { webSocketsOf } from '../edges/upgrades.ts';
import { WebSocketOutlet } from '../edges/web-socket-outlet.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';
import { follow } from '../socket-outlet.ts';
import type { HeartbeatKind } from '../wires/wire.ts';

interface Query extends Asked {
  readonly heartbeat?: HeartbeatKind;
}

const path = '/events/ws';

const querystring = {
  type: 'object',
  required: ['channel'],
  properties: {
    ...askedKeys,
    heartbeat: { enum: ['comment', 'event'], description: 'pings, or messages of type "heartbeat"' },
  },
};

/** Clients send nothing but what RFC 6455 §5.5 lets a control frame hold. */
const mostBytes = 125;
/** RFC 6455 §7.4.1: a kind of data that this endpoint does not take. */
const unsupported = 1003;
const tryAgainLater = 1013;

/** To be registered before the route: it looks at each route that comes after it. */
export async function registerWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: {
      server: webSocketsOf(app.server, path),
      maxPayload: mostBytes,
      perMessageDeflate: false,
      // streams are tracked by the fan-out, which ends them
      clientTracking: false,
    },
    // a client that breaks the protocol or its connection has been closed by then
    errorHandler: (error, _socket, request) => request.log.debug({ reason: error.message }, 'WebSocket'),
  });
}

/**
 * `GET /events/ws`: the stream as WebSocket messages, `{"id","channel","type","data"}`; those without a channel are the
 * service's own. Refusals come before the upgrade, as problems. Nothing is taken from the client.
 */
export function webSocketRoute(app: FastifyInstance, service: Service): void {
  app.route<{ Querystring: Query }>({
    method: 'GET',
    url: path,
    schema: { querystring },
    exposeHeadRoute: false,
    config: { access: 'stream' },
    preHandler: async (request, reply) => {
      if (!request.ws) {
        reply.headers({ connection: 'upgrade', upgrade: 'websocket' });
        throw new Problem(426, 'this resource is a WebSocket; ask for an upgrade');
      }
      const { caller } = request;
      if (!originAllowed(request, service.settings.corsOrigins))
        throw new Problem(403, `the origin ${request.headers.origin} is neither the own host nor one of CORS_ORIGINS`);
      if (request.refusal === undefined) checkSubscribe(caller, request.query.channel);
      const refusal = request.refusal ?? refusalOf(service, caller.user);
      if (refusal) throw refusalProblem(service, refusal, caller.user);
    },
    handler: async (_request, reply) => reply,
    wsHandler: (ws, request) => open(service, ws, request),
  });
}

async function open(service: Service, ws: WebSocket, request: FastifyRequest<{ Querystring: Query }>): Promise<void> {
  const { delivery } = service;
  const { socket } = request.raw;
  const { caller, query } = request;
  const outlet = new WebSocketOutlet(ws, socket);
  ws.on('message', () => ws.close(unsupported, 'this stream takes no messages'));
  const lastEventId = cursorOf(request);
  const { heartbeat = 'comment' } = query;
  const { user, expiresAt } = caller;
  const wanted = { ...subscriptionOf(query), shape: 'message', framing: 'raw', heartbeat } as const;
  try {
    const stream = await delivery.open({ ...wanted, lastEventId, outlet, user, expiresAt }, (opened) => {
      follow(socket, delivery.fanout, opened);
      endIfRevoked(service, caller, opened);
    });
    if (stream === undefined) ws.close(tryAgainLater, 'draining');
  } catch (error) {
    ws.close(tryAgainLater, 'store-lost');
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}
