import { type Fact, type Hop, proxySoftFailsHeader, type Stickiness } from '../../policy/index.ts';
import type { Files } from '../target.ts';
import { poolHalvings } from './files.ts';
import { type Route, routeFor } from './route.ts';
import { type Directive, parse } from './syntax.ts';

/**
 * What an HAProxy configuration does to streams of one path. The backend is chosen as HAProxy chooses it for an
 * EventSource; a keyword counts from the section itself, else from the defaults it has, else with HAProxy's default.
 */
export function readHaproxy(files: Files, path = '/events'): Hop {
  const sections = Object.entries(files).flatMap(([name, text]) => parse(text, name));
  const route = routeFor(sections, path);
  const global = sections.filter(({ kind }) => kind === 'global').flatMap(({ directives }) => directives);
  const { frontend, backend } = route;
  return {
    target: 'haproxy',
    idleTimers: [fact(last(backend, 'timeout', 'server'), 'timeout server unset', ([, time]) => seconds(time))],
    buffering: buffering(route),
    compression: compression(route),
    caching: fact(
      [...frontend, ...backend].find(
        ({ words: [first, second] }) => first === 'http-request' && second === 'cache-use',
      ),
      'http-request cache-use unset',
      () => true,
      false,
    ),
    streamsPerConnection: fact(
      last(global, 'tune.h2.fe.max-concurrent-streams') ?? last(global, 'tune.h2.max-concurrent-streams'),
      'tune.h2.max-concurrent-streams 100',
      number,
    ),
    stickiness: stickiness(last(backend, 'cookie')),
    refusals: refusals(backend),
    logsQuery: logsQuery(frontend),
    reloadWindow: fact(last(global, 'hard-stop-after'), 'hard-stop-after unset', ([time]) => seconds(time)),
    ...poolIdle(backend),
    ...streamLimit(global, frontend),
  };
}

type Directives = readonly Directive[];

/** The last one that begins with these words: a section repeats what its defaults say to change it. */
const last = (directives: Directives, ...words: readonly string[]): Directive | undefined =>
  directives.findLast((one) => words.every((word, index) => one.words[index] === word));

const all = (directives: Directives, ...words: readonly string[]): Directives =>
  directives.filter((one) => words.every((word, index) => one.words[index] === word));

/** `option x` and `no option x`; the last of them counts. */
function option(directives: Directives, name: string): Directive | undefined {
  const found = directives.findLast(({ words }) => words.join(' ').replace(/^no /, '').startsWith(`option ${name}`));
  return found?.words[0] === 'no' ? undefined : found;
}

/** Without no-delay small pieces wait 200 ms for company; a body that is waited for never comes. */
function buffering({ frontend, backend }: Route): Fact<boolean> {
  const waits = all(backend, 'http-response', 'wait-for-body')[0];
  if (waits) return fact(waits, '', () => true);
  return fact(
    option(backend, 'http-no-delay') ?? option(frontend, 'http-no-delay'),
    'option http-no-delay unset',
    () => false,
    true,
  );
}

/** Without a list of types everything is compressed, if the service is asked for nothing else. */
function compression({ frontend, backend }: Route): Fact<boolean> {
  const both = [...frontend, ...backend];
  const algorithm = both.find(({ words }) => words[0] === 'compression' && words[1]?.startsWith('algo'));
  const types = both.filter(({ words }) => words[0] === 'compression' && words[1]?.startsWith('type'));
  const asked = !both.some(
    ({ words: [first, second, header] }) =>
      first === 'http-request' && second === 'del-header' && header?.toLowerCase() === 'accept-encoding',
  );
  const covers = types.length === 0 || types.some(({ words }) => words.includes('text/event-stream'));
  return fact(algorithm, 'compression algo unset', () => asked && covers, false);
}

/** How often and how long: servers inherit from all `default-server` lines before them. */
function poolIdle(backend: Directives): Pick<Hop, 'poolIdle'> {
  const never = last(backend, 'http-reuse')?.words[1] === 'never';
  const settings = backend.filter(({ words }) => ['server', 'default-server'].includes(words[0] ?? ''));
  if (never || settings.some(({ words }) => words[words.indexOf('pool-max-conn') + 1] === '0')) return {};
  const delay = settings.findLast(({ words }) => words.includes('pool-purge-delay'));
  return {
    // half of the idle connections go in each step
    poolIdle: fact(delay, 'pool-purge-delay 5s', (args) => {
      return poolHalvings * seconds(args[args.indexOf('pool-purge-delay') + 1] ?? args[0]);
    }),
  };
}

/** Connections above `maxconn` wait to be accepted. Without it the limit follows from the files that are allowed. */
function streamLimit(global: Directives, frontend: Directives): Pick<Hop, 'streamLimit'> {
  const limits = [last(global, 'maxconn'), last(frontend, 'maxconn')].filter((one) => one !== undefined);
  const [least] = limits.sort((a, b) => Number(a.words[1]) - Number(b.words[1]));
  return least ? { streamLimit: fact(least, '', number) } : {};
}

function stickiness(cookie: Directive | undefined): Fact<Stickiness | 'none'> {
  return fact<Stickiness | 'none'>(
    cookie,
    'cookie unset',
    ([name = '', ...args]) => {
      if (!['insert', 'rewrite', 'prefix'].some((mode) => args.includes(mode))) return 'none';
      const life = args.includes('maxlife') ? seconds(args[args.indexOf('maxlife') + 1]) : Number.POSITIVE_INFINITY;
      return { cookie: name, seconds: life };
    },
    'none',
  );
}

const fatalStatuses = ['502', '503', '504'];

/**
 * A refusal is soft when every status that a dead or draining backend leads to is worded as an event stream and leaves
 * as a 200. A service that was promised soft refusals answers 503 itself, which HAProxy has to reword as well.
 */
function refusals(backend: Directives): Fact<'soft' | 'fatal'> {
  const soften = all(backend, 'http-after-response', 'set-status', '200');
  const promise = all(backend, 'http-request', 'set-header').find(
    ({ words }) => words[2]?.toLowerCase() === proxySoftFailsHeader,
  );
  const reworded = all(backend, 'http-response', 'return').some(isStream);
  const worded = fatalStatuses.map((status) => last(backend, 'http-error', 'status', status));
  const missing = worded.findIndex((one) => one === undefined || !isStream(one));
  if (missing >= 0)
    return fact<'soft' | 'fatal'>(
      worded[missing],
      `http-error status ${fatalStatuses[missing]} unset`,
      () => 'fatal',
      'fatal',
    );
  const softened = fatalStatuses.every((status) => soften.some((one) => covers(one, status)));
  if (!softened)
    return fact<'soft' | 'fatal'>(soften[0], 'http-after-response set-status unset', () => 'fatal', 'fatal');
  if (promise && !reworded) return fact<'soft' | 'fatal'>(promise, '', () => 'fatal');
  return fact<'soft' | 'fatal'>(worded[0], '', () => 'soft');
}

const isStream = ({ words }: Directive): boolean =>
  words.includes('text/event-stream') && words.some((word) => /retry/.test(word));

/** A rule without a condition is for every status. */
const covers = ({ words }: Directive, status: string): boolean =>
  !words.includes('if') || (words.includes('status') && words.includes(status));

/** Parts of a log format that have the query, or what else a token travels in. */
const leaks =
  /%(\{[^}]*\})?(r|HU|HQ)\b|%(\{[^}]*\})?\[[^\]]*\b(url|query|url_param|urlp|capture\.req\.uri|referer|authorization|cookie)\b/i;

/** Without `log` nothing is written; `option httplog` has the whole request line. */
function logsQuery(frontend: Directives): Fact<boolean> {
  const log = last(frontend, 'log');
  const format = frontend.findLast(
    ({ words }) => words[0] === 'log-format' || (words[0] === 'option' && words[1] === 'httplog'),
  );
  if (log === undefined) return fact<boolean>(undefined, 'log unset', () => false, false);
  return fact(format, 'log-format unset', (args) => format?.words[0] === 'option' || leaks.test(args.join(' ')), false);
}

/** A fact from a directive, or from HAProxy's default as it would be written. */
function fact<T>(
  directive: Directive | undefined,
  otherwise: string,
  value: (args: readonly string[]) => T,
  unset?: T,
): Fact<T> {
  if (directive === undefined)
    return { value: unset ?? value(otherwise.split(' ').slice(1)), setting: `${otherwise} (default)` };
  const { words, file, line } = directive;
  return { value: value(words.slice(1)), setting: words.join(' '), at: `${file}:${line}` };
}

const number = ([text]: readonly string[]): number => Number(text);

/** Configuration manual, "2.5. Time format": milliseconds without a unit. */
const units: Readonly<Record<string, number>> = { us: 1e-6, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** HAProxy time; what is not set waits for ever. */
function seconds(text = 'unset'): number {
  const [, count, unit = 'ms'] = /^(\d+)(us|ms|[smhd])?$/.exec(text) ?? [];
  // one division, so that 6000 ms are six seconds and nothing else
  if (count === undefined) return Number.POSITIVE_INFINITY;
  return unit === 'ms' ? Number(count) / 1000 : Number(count) * (units[unit] ?? 1);
}
