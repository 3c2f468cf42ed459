import { type Fact, type Hop, proxySoftFailsHeader, type Stickiness } from '../../policy/index.ts';
import { type Directive, fact } from '../directive.ts';
import type { Files } from '../target.ts';
import { type Commands, commandsOf } from './command.ts';
import { type State, text, type Value, variable } from './condition.ts';
import { type Program, programOf } from './program.ts';
import { threadsPerStream } from './programs.ts';
import { textOf } from './syntax.ts';
import { type Walk, walk } from './walk.ts';

/**
 * What a Varnish does to streams of one path. An EventSource's request is followed through the subs, as far as its way
 * can be known from the files; what VCL does not say counts from varnishd's parameters, else with Varnish's default.
 */
export function readVarnish(files: Files, path = '/events'): Hop {
  const program = programOf(files);
  const commands = commandsOf(files);
  const state = request(path);
  const received = walk(program, 'vcl_recv', state);
  const fetched = walk(program, 'vcl_backend_fetch', state);
  const answered = walk(program, 'vcl_backend_response', response(state, '200'));
  const delivered = walk(program, 'vcl_deliver', response(state, '200'));
  const asked = [...received.said, ...fetched.said];
  const piped = received.end === 'pipe';
  return {
    target: 'varnish',
    idleTimers: [piped ? commands.parameter('pipe_timeout', '60', seconds) : idleTimer(program, commands, asked)],
    durationCaps: [
      piped
        ? commands.parameter('pipe_task_deadline', '0', unlimited)
        : // over HTTP/1.1; varnishtest "h1 send_timeout and streaming of dripping chunks", and 7.1.1 as it was seen
          commands.parameter('send_timeout', '600', unlimited),
    ],
    buffering: fact(last(answered, 'beresp.do_stream'), 'set beresp.do_stream = true', ([, , on]) => on === 'false'),
    compression: fact(last(answered, 'beresp.do_gzip'), 'set beresp.do_gzip = false', ([, , on]) => on === 'true'),
    caching: caching(received, answered),
    poolIdle: commands.parameter('backend_idle_timeout', '60', seconds),
    streamLimit: streamLimit(commands),
    ...(commands.http2 && {
      streamsPerConnection: commands.parameter('h2_max_concurrent_streams', '100', Number),
    }),
    stickiness: stickiness(program, last(delivered, 'resp.http.set-cookie')),
    refusals: refusals(program, state, asked),
    logsQuery: logsQuery(commands),
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'vcl.use: a stream keeps the VCL it began with' },
  };
}

/** An EventSource that connects for the first time. */
function request(path: string): State {
  return new Map<string, Value>([
    ['req.url', text(path)],
    ['req.method', text('GET')],
    ['req.http.accept', text('text/event-stream')],
    ['req.http.cookie', 'absent'],
    ['req.http.upgrade', 'absent'],
    ['req.http.range', 'absent'],
    ['req.restarts', text('0')],
  ]);
}

/** The service's answer to it, or the error in its place. */
const response = (state: State, status: string): State =>
  new Map<string, Value>([
    ...state,
    ['resp.status', text(status)],
    ['resp.http.content-type', text(status === '200' ? 'text/event-stream' : 'application/problem+json')],
    ['resp.http.set-cookie', 'absent'],
    ['resp.http.content-encoding', 'absent'],
    ['resp.http.content-length', 'absent'],
  ]);

/** Whatever side it is called by: `bereq.http.a` and `req.http.a` are one. */
const sets = ({ name, args: [target = ''] }: Directive, wanted: string): boolean =>
  name === 'set' && variable(target) === variable(wanted);

const last = ({ said }: Walk, target: string): Directive | undefined => said.findLast((one) => sets(one, target));

/** Of several replicas the one that waits the shortest; the request's own timer wins over theirs. */
function idleTimer(program: Program, commands: Commands, asked: readonly Directive[]): Fact<number> {
  const own = asked.findLast((one) => sets(one, 'bereq.between_bytes_timeout'));
  if (own) return fact(own, '', ([, , time]) => seconds(time));
  const chosen = asked.findLast((one) => sets(one, 'req.backend') || sets(one, 'req.backend_hint'));
  const timers = program
    .backends(chosen?.args[2]?.replace(/\.backend$/, ''))
    .flatMap(({ block = [] }) => block.filter(({ name }) => name === '.between_bytes_timeout'))
    .map((one) => fact(one, '', ([, time]) => seconds(time)));
  const [shortest] = timers.sort((one, other) => one.value - other.value);
  return shortest ?? commands.parameter('between_bytes_timeout', '60', seconds);
}

/** What is neither passed nor said to be no answer for others is joined by whoever asks next, from its beginning. */
function caching(received: Walk, answered: Walk): Fact<boolean> {
  const passed = received.end === 'pass' || received.end === 'pipe';
  if (passed) return fact(received.ending, '', () => false);
  const uncacheable = last(answered, 'beresp.uncacheable');
  return fact(uncacheable ?? received.ending, 'return (hash)', () => uncacheable?.args[2] !== 'true');
}

/** Threads for streams over HTTP/2, where that is on; over HTTP/1.1 the connection needs none of its own. */
function streamLimit({ parameter, http2 }: Commands): Fact<number> {
  const pools = parameter('thread_pools', '2', Number).value;
  const each = http2 ? threadsPerStream : threadsPerStream - 1;
  return parameter('thread_pool_max', '5000', (max) => Math.floor((pools * Number(max)) / each));
}

/** A cookie binds when the rest of the VCL knows its name. */
function stickiness(program: Program, cookie: Directive | undefined): Fact<Stickiness | 'none'> {
  const said = (cookie?.args ?? []).flatMap((word) => textOf(word) ?? []).join('');
  const [, name = ''] = /^([^=]*)=/.exec(said) ?? [];
  const known = name !== '' && program.stringsOutside('vcl_deliver').some((one) => unescaped(one).includes(name));
  if (!known) return { value: 'none', setting: 'no Set-Cookie in vcl_deliver (default)' };
  const age = /max-age=(\d+)/i.exec(said)?.[1];
  return fact<Stickiness | 'none'>(cookie, '', () => ({
    cookie: name,
    seconds: age === undefined ? Number.POSITIVE_INFINITY : Number(age),
  }));
}

/** Of a regular expression for itself, the text. */
const unescaped = (pattern: string): string => pattern.replace(/\\(.)/g, '$1');

/**
 * A refusal is soft when both ways to it end in an event stream with a 200: no answer from the service, and an answer of
 * 503, which is what it says itself when it was promised soft refusals.
 */
function refusals(program: Program, state: State, asked: readonly Directive[]): Fact<'soft' | 'fatal'> {
  const promise = asked.findLast((one) => sets(one, `req.http.${proxySoftFailsHeader}`));
  const unanswered = afterError(program, state);
  if (unanswered.value === 'fatal' || promise === undefined) return unanswered;
  const busy = walk(program, 'vcl_backend_response', response(state, '503'));
  const ways: Readonly<Record<string, () => Fact<'soft' | 'fatal'>>> = {
    retry: () => unanswered,
    error: () => unanswered,
    abandon: () => worded(program, state, 'vcl_synth'),
  };
  return ways[busy.end ?? '']?.() ?? fact<'soft' | 'fatal'>(promise, '', () => 'fatal');
}

/** Without a replica: vcl_backend_error words the answer, or gives up, and then vcl_synth does. */
function afterError(program: Program, state: State): Fact<'soft' | 'fatal'> {
  const { end } = walk(program, 'vcl_backend_error', response(state, '503'));
  return worded(program, state, end === 'abandon' || end === 'retry' ? 'vcl_synth' : 'vcl_backend_error');
}

function worded(program: Program, state: State, sub: string): Fact<'soft' | 'fatal'> {
  const answer = response(state, '503');
  const { said } = walk(program, sub, answer);
  const [status, type] = ['resp.status', 'resp.http.content-type'].map((name) => answer.get(name));
  const body = said.findLast((one) => one.name === 'synthetic' || sets(one, 'resp.body'));
  const soft =
    is(status, /^200$/) &&
    is(type, /^text\/event-stream/) &&
    body?.args.some((word) => textOf(word)?.includes('retry:'));
  const decisive = said.find((one) => sets(one, 'resp.status'));
  return fact<'soft' | 'fatal'>(decisive, `status 503 of ${sub}`, () => (soft ? 'soft' : 'fatal'));
}

const is = (value: Value | undefined, pattern: RegExp): boolean =>
  typeof value === 'object' && pattern.test(value.text);

/** The request line, the query, and headers that tokens travel in; varnishncsa(1), "FORMAT". */
const leaks = /%[rq]|%\{(Referer|Cookie|Authorization)\}i|%\{VSL:(ReqURL|ReqHeader|BereqURL)/i;

function logsQuery({ logFormat }: Commands): Fact<boolean> {
  if (logFormat === undefined) return { value: false, setting: 'no varnishncsa (default)' };
  return { ...logFormat, value: leaks.test(logFormat.value) };
}

const units: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** A duration of VCL, or a parameter, whose unit is seconds when it has none. */
function seconds(duration = ''): number {
  const [, count, unit = 's'] = /^([\d.]+)(ms|[smhdwy])?$/.exec(duration) ?? [];
  // "never", since 7.6
  if (count === undefined) return Number.POSITIVE_INFINITY;
  return unit === 'ms' ? Number(count) / 1000 : Number(count) * (units[unit] ?? 1);
}

/** Zero is no limit. */
const unlimited = (duration: string): number => seconds(duration) || Number.POSITIVE_INFINITY;
