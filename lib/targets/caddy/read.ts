import { type Fact, type Hop, proxySoftFailsHeader, type Stickiness } from '../../policy/index.ts';
import { type Directive, fact } from '../directive.ts';
import type { Files } from '../target.ts';
import { matches } from './matchers.ts';
import { refusals } from './refusals.ts';
import { proxyOn, routeOf } from './route.ts';

/** Streams that one HTTP/2 connection carries: the default of golang.org/x/net/http2, which a Caddyfile cannot change. */
export const http2Streams = 250;

type Tree = readonly Directive[];

/**
 * What a Caddyfile does to streams of one path. Imports are followed among the given files, snippets and their arguments
 * too; the site and the route are chosen as Caddy chooses them; what is not set counts with Caddy's default.
 */
export function readCaddy(files: Files, path = '/events'): Hop {
  const { global, levels } = routeOf(files, path);
  const proxy = proxyOn(levels, path)?.block ?? [];
  const transport = last(proxy, 'transport')?.block ?? [];
  return {
    target: 'caddy',
    idleTimers: [fact(last(transport, 'read_timeout'), 'read_timeout none', seconds)],
    durationCaps: [fact(last(timeoutsOf(global), 'write'), 'timeouts write 0', ([time = '0']) => seconds([time]))].map(
      unlessDefault,
    ),
    buffering: buffering(proxy),
    compression: compression(levels, path),
    caching: fact(
      levels.flat().find((one) => one.name === 'cache'),
      'cache none',
      (args) => args[0] !== 'none',
    ),
    ...poolIdle(last(transport, 'keepalive')),
    streamsPerConnection: { value: http2Streams, setting: `${http2Streams} streams on an HTTP/2 connection (fixed)` },
    stickiness: stickiness(last(proxy, 'lb_policy')),
    refusals: refusals(levels, proxy, path, promisesSoftRefusals(proxy)),
    logsQuery: logsQuery(levels[0] ?? []),
    reloadWindow: fact(last(global, 'grace_period'), 'grace_period none', seconds),
    ...streamLimit(files),
  };
}

/** Said twice, the last one counts. */
const last = (tree: Tree, name: string): Directive | undefined => tree.findLast((one) => one.name === name);

/** `timeouts` may stand in several `servers`, one per listener. */
const timeoutsOf = (global: Tree): Tree =>
  global
    .filter(({ name }) => name === 'servers')
    .flatMap(({ block = [] }) => block)
    .filter(({ name }) => name === 'timeouts')
    .flatMap(({ block = [] }) => block);

/** Zero is how Caddy says "no limit" of a duration cap. */
const unlessDefault = (cap: Fact<number>): Fact<number> => ({ ...cap, value: cap.value || Number.POSITIVE_INFINITY });

/** Event streams are flushed with every write, unless the whole response is gathered first. */
function buffering(proxy: Tree): Fact<boolean> {
  const buffer = last(proxy, 'response_buffers') ?? last(proxy, 'buffer_responses');
  return fact(buffer, 'response_buffers 0', ([size]) => size !== '0');
}

/**
 * `encode` compresses text/* unless told which types to take, and only for a request that still says what it accepts:
 * request_header comes before encode in Caddy's order of directives.
 */
function compression(levels: readonly Tree[], path: string): Fact<boolean> {
  const here = levels.map((level, depth) => level.filter((one) => matches(one, levels.slice(0, depth + 1), path)));
  const encode = here.flat().find(({ name }) => name === 'encode');
  const depth = here.findIndex((level) => encode !== undefined && level.includes(encode));
  const stripped = here
    .slice(0, depth + 1)
    .flat()
    .find(({ name, args }) => name === 'request_header' && args.at(-1)?.toLowerCase() === '-accept-encoding');
  if (encode && stripped) return fact(stripped, '', () => false);
  return fact(encode, 'encode none', ([first]) => first !== 'none' && coversStreams(encode));
}

function coversStreams(encode: Directive | undefined): boolean {
  const match = encode?.block?.find(({ name }) => name === 'match');
  if (match === undefined) return true;
  const types = [match, ...(match.block ?? [])].filter(
    ({ name, args }) => args.includes('Content-Type') || (name === 'header' && args[0] === 'Content-Type'),
  );
  const patterns = types.flatMap(({ args }) => args.slice(args.indexOf('Content-Type') + 1));
  return types.length === 0 || patterns.some((pattern) => globMatches(pattern, 'text/event-stream'));
}

function globMatches(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${source}$`).test(text);
}

function poolIdle(keepalive: Directive | undefined): Pick<Hop, 'poolIdle'> {
  return keepalive?.args[0] === 'off' ? {} : { poolIdle: fact(keepalive, 'keepalive 2m', seconds) };
}

function stickiness(policy: Directive | undefined): Fact<Stickiness | 'none'> {
  const age = last(policy?.block ?? [], 'max_age')?.args;
  return fact<Stickiness | 'none'>(policy, 'lb_policy random', ([kind, cookie = 'lb']) =>
    kind === 'cookie' ? { cookie, seconds: age ? seconds(age) : Number.POSITIVE_INFINITY } : 'none',
  );
}

const promisesSoftRefusals = (proxy: Tree): boolean =>
  proxy.some(({ name, args }) => name === 'header_up' && args[0]?.toLowerCase() === proxySoftFailsHeader);

/** A log has the whole address and all headers, Referer too, unless its filter takes them out. No `log`, no access log. */
function logsQuery(site: Tree): Fact<boolean> {
  const logs = site.filter(({ name, block = [] }) => name === 'log' && last(block, 'output')?.args[0] !== 'discard');
  const leaky = logs.find((log) => !isQuiet(log));
  return fact(leaky ?? logs[0], 'log none', () => leaky !== undefined);
}

function isQuiet({ block = [] }: Directive): boolean {
  const format = last(block, 'format');
  const inside = format?.block ?? [];
  // before Caddy 2.8 fields stand in a block of their own
  const fields = [...inside, ...(last(inside, 'fields')?.block ?? [])];
  const uri = last(fields, 'request>uri');
  const referer = last(fields, 'request>headers>Referer') ?? last(fields, 'request>headers');
  return format?.args[0] === 'filter' && uri !== undefined && hidesQuery(uri) && referer?.args[0] === 'delete';
}

/** The whole query gone, or what carries tokens in it: the service's `token` and `ticket`. */
function hidesQuery({ args: [action, pattern = ''], block = [] }: Directive): boolean {
  if (action === 'query')
    return ['token', 'ticket'].every((secret) => block.some(({ args: [parameter] }) => parameter === secret));
  return action === 'delete' || action === 'hash' || (action === 'regexp' && /^\\\?\.[*+]/.test(pattern));
}

/** Caddy itself has no limit; systemd's drop-in has one, and each stream takes two files of it. */
function streamLimit(files: Files): Pick<Hop, 'streamLimit'> {
  for (const [file, text] of Object.entries(files)) {
    const lines = text.split('\n');
    const index = lines.findLastIndex((line) => /^LimitNOFILE=\d+/.test(line));
    const setting = lines[index]?.trim();
    if (setting !== undefined)
      return {
        streamLimit: {
          value: Math.floor(Number.parseInt(setting.slice('LimitNOFILE='.length), 10) / 2),
          setting,
          at: `${file}:${index + 1}`,
        },
      };
  }
  return {};
}

/** caddyserver.com/docs/conventions#durations: Go's, and `d` for days. */
const units: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** "none" is for ever. */
function seconds([time = 'none']: readonly string[]): number {
  if (time === 'none') return Number.POSITIVE_INFINITY;
  return [...time.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhd])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? 's'] ?? 1),
    0,
  );
}
