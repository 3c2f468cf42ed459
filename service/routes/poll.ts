import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { drawRetryMs } from '../../lib/policy/index.ts';
import type { Refusal } from '../admission.ts';
import type { Caller } from '../auth/caller.ts';
import { checkSubscribe } from '../auth/check.ts';
import { StoreUnavailable } from '../broker/broker.ts';
import { writeCursor } from '../broker/cursor.ts';
import type { ServiceStream, StreamRequest } from '../delivery.ts';
import { type Asked, askedKeys, cursorOf, subscriptionOf } from '../edges/asked.ts';
import { PollOutlet } from '../edges/poll-outlet.ts';
import { endIfRevoked, refusalOf, refusalProblem } from '../edges/refusals.ts';
import type { Service } from '../service.ts';

interface Query extends Asked {
  readonly wait: number;
}

/** Nobody needs to wait longer, and many clients give up after a minute. */
const mostSeconds = 60;
const usualSeconds = 25;
/** An answer is under way for a moment, and a proxy that is idle for idleSeconds has cut it: as heartbeats, in time. */
const marginSeconds = 5;

/**
 * `GET /events/poll`: what came after a cursor, as soon as there is something, or nothing when the wait is over. Each
 * answer has the cursor of the next poll. Without one the answer comes at once and is empty: a place to begin.
 */
export function pollRoute(app: FastifyInstance, service: Service): void {
  const maximum = Math.min(mostSeconds, service.settings.policy.idleSeconds - marginSeconds);
  const wait = {
    type: 'number',
    minimum: 0,
    maximum,
    default: Math.min(usualSeconds, maximum),
    description: 'seconds',
  };
  const querystring = { type: 'object', required: ['channel'], properties: { ...askedKeys, wait } };
  const options = { schema: { querystring }, exposeHeadRoute: false, config: { access: 'stream' as const } };
  app.get<{ Querystring: Query }>('/events/poll', options, async (request, reply) => {
    const { caller, query } = request;
    if (request.refusal === undefined) checkSubscribe(caller, query.channel);
    const refusal = request.refusal ?? refusalOf(service, caller.user);
    if (refusal) throw refusalProblem(service, refusal, caller.user);
    const lastEventId = cursorOf(request);
    if (lastEventId === undefined) return begin(service, reply);
    const outlet = new PollOutlet(lastEventId);
    const wanted: StreamRequest = {
      ...subscriptionOf(query),
      shape: 'line',
      framing: 'raw',
      heartbeat: 'comment',
      lastEventId,
      outlet,
      user: caller.user,
      expiresAt: caller.expiresAt,
    };
    const stream = await collect(service, wanted, outlet, { caller, waitMs: query.wait * 1000, raw: reply.raw });
    if ('reason' in stream) throw refusalProblem(service, stream, caller.user);
    return answer(service, reply, outlet, stream);
  });
}

/** The place where the store stands now: everything published from here on comes after it. */
async function begin({ broker }: Service, reply: FastifyReply): Promise<FastifyReply> {
  await broker.catchUp();
  return send(reply, [], writeCursor(broker.here()));
}

/** Opens a stream into the outlet for as long as there is nothing to answer with; or says why there is none. */
async function collect(
  service: Service,
  wanted: StreamRequest,
  outlet: PollOutlet,
  { caller, waitMs, raw }: { readonly caller: Caller; readonly waitMs: number; readonly raw: ServerResponse },
): Promise<ServiceStream | Refusal> {
  const { delivery, settings } = service;
  let stream: ServiceStream | undefined;
  raw.on('close', () => outlet.leave());
  const refused = (reason: Refusal['reason']): Refusal => ({ reason, retryMs: drawRetryMs(settings.policy) });
  try {
    const opened = delivery.open(wanted, (registered) => {
      stream = registered;
      endIfRevoked(service, caller, registered);
    });
    // a page that is full or nobody's any more is not waited for: the replay into it ends with its stream
    await Promise.race([opened.then(() => outlet.wait(waitMs)), outlet.done]);
    if (stream === undefined) await opened;
    else await outlet.done;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return refused('store-lost');
  } finally {
    outlet.leave();
    if (stream) delivery.fanout.gone(stream);
  }
  if (stream === undefined) return refused('draining');
  const nothing = outlet.events.length === 0 && outlet.gap === undefined;
  return outlet.ended === 'store-lost' && nothing ? refused('store-lost') : stream;
}

function answer(
  { broker }: Service,
  reply: FastifyReply,
  { events, cursor, gap, full }: PollOutlet,
  { next, group }: ServiceStream,
): FastifyReply {
  // a stream that has the whole log of its group has everything up to here, its filter's other types included
  const hasAll = !full && next === group.ring.head;
  return send(reply, events, hasAll ? writeCursor(broker.here()) : cursor, gap);
}

/** The events are JSON already. */
function send(reply: FastifyReply, events: readonly string[], cursor: string, gap?: PollOutlet['gap']): FastifyReply {
  const rest = JSON.stringify({ cursor, gap }).slice(1);
  return reply
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(`{"events":[${events.join(',')}],${rest}`);
}
