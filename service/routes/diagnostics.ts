import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { drawRetryMs } from '../../lib/policy/index.ts';
import type { ServiceStream } from '../delivery.ts';
import { cursorKeys, cursorOf } from '../edges/asked.ts';
import { echoOf } from '../edges/echo.ts';
import { endIfRevoked, refusalOf } from '../edges/refusals.ts';
import { type StreamResponse, streamResponse } from '../edges/stream-response.ts';
import { frame } from '../fanout/frame.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';
import { refuse } from './events.ts';

interface Query {
  readonly interval: number;
  readonly padding: number;
  readonly silence: number;
  readonly heartbeat: 'comment' | 'event' | 'off';
  readonly count: number;
}

/** Longer than the idle timers that are met in practice: an NLB's 350 s, nginx's and an ALB's 60 s, HAProxy's 30 s. */
const mostSeconds = 900;

const querystring = {
  type: 'object',
  properties: {
    interval: { type: 'number', minimum: 0.05, maximum: 600, default: 1, description: 'seconds between ticks' },
    padding: { type: 'integer', minimum: 0, maximum: 65_536, default: 0, description: 'bytes added to each tick' },
    silence: { type: 'number', minimum: 0, maximum: 600, default: 0, description: 'seconds before the first event' },
    heartbeat: { enum: ['comment', 'event', 'off'], default: 'comment', description: 'what fills a long silence' },
    count: { type: 'integer', minimum: 1, maximum: 10_000, default: 30, description: 'the number of the last tick' },
    ...cursorKeys,
  },
};

/** A run of ticks keeps its name when a client comes back, to whatever replica: nothing of it is stored. */
interface Run {
  readonly name: string;
  /** Ticks that the client has. */
  readonly from: number;
}

/**
 * `GET /diagnostics/stream`: a stream that says what the service saw of its request, and then ticks as it was asked to,
 * so that its client can tell what the hops in between do to both. Ticks are numbered; a client that comes back goes on
 * behind its last one, and gets 204 when it has had all.
 */
export function diagnosticsRoute(app: FastifyInstance, service: Service): void {
  const options = { schema: { querystring }, exposeHeadRoute: false, config: { access: 'stream' as const } };
  app.get<{ Querystring: Query }>('/diagnostics/stream', options, async (request, reply) => {
    const { interval, silence, count } = request.query;
    const seconds = silence + (count - 1) * interval;
    if (seconds > mostSeconds)
      throw new Problem(
        400,
        `silence + (count - 1) × interval is ${seconds} s and must be at most ${mostSeconds} s; lower count or interval`,
      );
    const run = runOf(cursorOf(request));
    if (run.from >= count) return reply.code(204).send();
    const refusal = request.refusal ?? refusalOf(service, request.caller.user);
    if (refusal) return refuse(service, request, reply, refusal);
    const response = streamResponse(request, reply);
    const stream = await open(service, request, response);
    if (stream === undefined)
      return refuse(service, request, reply, { reason: 'draining', retryMs: drawRetryMs(service.settings.policy) });
    // a client that leaves ends the pauses, and what they stand between
    const left = new AbortController();
    response.carrier.once('close', () => left.abort());
    tick(service, stream, request, run, left.signal).catch((error: Error) => {
      if (error.name !== 'AbortError') request.log.error({ err: error }, 'diagnostics');
    });
    return reply;
  });
}

function runOf(cursor: string | undefined): Run {
  const [, name, from] = /^([0-9a-f]{8})-(\d{1,5})$/.exec(cursor ?? '') ?? [];
  return name === undefined ? { name: randomBytes(4).toString('hex'), from: 0 } : { name, from: Number(from) };
}

async function open(
  service: Service,
  request: FastifyRequest<{ Querystring: Query }>,
  { outlet, framing, begin }: StreamResponse,
): Promise<ServiceStream | undefined> {
  const { user, expiresAt } = request.caller;
  const stream = await service.delivery.openQuiet({
    outlet,
    framing,
    user,
    expiresAt,
    heartbeat: request.query.heartbeat,
  });
  if (stream === undefined) return undefined;
  begin(service.delivery, stream);
  endIfRevoked(service, request.caller, stream);
  return stream;
}

/** @throws AbortError when the client leaves */
async function tick(
  { delivery: { fanout }, settings: { policy, replica } }: Service,
  stream: ServiceStream,
  request: FastifyRequest<{ Querystring: Query }>,
  { name, from }: Run,
  signal: AbortSignal,
): Promise<void> {
  const { interval, padding, silence, heartbeat, count } = request.query;
  const pause = (seconds: number): Promise<void> => sleep(seconds * 1000, undefined, { signal });
  const say = async (text: string): Promise<void> => {
    if (!fanout.write(stream, Buffer.from(text))) await fanout.writable(stream);
  };

  await say(`retry: ${drawRetryMs(policy)}\n: diagnostics\n\n`);
  if (silence > 0) await pause(silence);
  const asked = { interval, padding, silence, heartbeat, count };
  const echo = { replica, at: Date.now(), run: name, from, asked, ...echoOf(request) };
  await say(frame({ type: 'diagnostics', data: JSON.stringify(echo) }));
  const filler = padding > 0 ? { padding: 'x'.repeat(padding) } : {};
  for (let n = from + 1; n <= count && !stream.closed; n++) {
    if (n > from + 1) await pause(interval);
    const data = JSON.stringify({ n, at: Date.now(), ...filler });
    await say(frame({ id: `${name}-${n}`, type: 'tick', data }));
  }
  // it has the age that was asked for; a client that comes back after it is told to stay away
  fanout.close(stream, 'max-age');
}
