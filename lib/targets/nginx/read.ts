import { type Fact, type Hop, proxySoftFailsHeader, type Stickiness } from '../../policy/index.ts';
import { type Directive, fact, isMeant } from '../directive.ts';
import type { Files } from '../target.ts';
import { parse } from './syntax.ts';
import { seconds } from './time.ts';

/**
 * What an nginx configuration does to streams of one path. Includes are followed among the given files; the location is
 * chosen as nginx chooses it; a directive counts from the innermost level that has it, else with nginx's default.
 */
export function readNginx(files: Files, path = '/events'): Hop {
  const root = expand(files);
  const levels = levelsFor(root, path);
  const find = (name: string): Directive | undefined => all(levels, name)[0];
  const upstream = upstreamOf(root, find('proxy_pass'));
  const keepalive = upstream.find((one) => one.name === 'keepalive');
  return {
    target: 'nginx',
    idleTimers: [fact(find('proxy_read_timeout'), 'proxy_read_timeout 60s', seconds)],
    buffering: fact(find('proxy_buffering'), 'proxy_buffering on', ([value]) => value !== 'off'),
    compression: compression(find('gzip'), find('gzip_types')),
    caching: fact(find('proxy_cache'), 'proxy_cache off', ([zone]) => zone !== 'off'),
    streamsPerConnection: fact(find('http2_max_concurrent_streams'), 'http2_max_concurrent_streams 128', number),
    stickiness: stickiness(upstream.find((one) => one.name === 'sticky')),
    refusals: refusals(levels),
    logsQuery: logsQuery(root, all(levels, 'access_log')),
    reloadWindow: fact(
      root.find((one) => one.name === 'worker_shutdown_timeout'),
      'worker_shutdown_timeout unset',
      seconds,
    ),
    ...(keepalive && {
      poolIdle: fact(
        upstream.find((one) => one.name === 'keepalive_timeout'),
        'keepalive_timeout 60s',
        seconds,
      ),
    }),
    ...streamLimit(root),
  };
}

/** All files as one tree: the one with an `http` block and what it includes, or loose parts side by side. */
function expand(files: Files): readonly Directive[] {
  const trees = new Map(Object.entries(files).map(([name, text]) => [name, parse(text, name)]));
  const main = [...trees].find(([, tree]) => tree.some((one) => one.name === 'http'));
  return main ? included(main[1], trees, [main[0]]) : [...trees.values()].flat();
}

type Trees = ReadonlyMap<string, readonly Directive[]>;

/** `inside` are the files that are being included already: `include *.conf` must not lead back into its own file. */
function included(tree: readonly Directive[], trees: Trees, inside: readonly string[]): readonly Directive[] {
  return tree.flatMap((one) => {
    if (one.name === 'include')
      return [...trees]
        .filter(([file]) => !inside.includes(file) && isMeant(file, one.args[0] ?? ''))
        .flatMap(([file, part]) => included(part, trees, [...inside, file]));
    return one.block ? [{ ...one, block: included(one.block, trees, inside) }] : [one];
  });
}

/** The levels that decide about one path, outermost first: main, http, server, location, nested locations. */
type Levels = readonly (readonly Directive[])[];

/** All directives of a name at the innermost level that has one: that level replaces what the outer ones say. */
function all(levels: Levels, name: string): readonly Directive[] {
  return levels.map((level) => level.filter((one) => one.name === name)).findLast((found) => found.length > 0) ?? [];
}

function levelsFor(root: readonly Directive[], path: string): Levels {
  const http = root.find((one) => one.name === 'http')?.block ?? root;
  const servers = http.filter((one) => one.name === 'server').map((one) => one.block ?? []);
  const ways = (servers.length > 0 ? servers : [http])
    .map((server) => [server, ...locationsFor(server, path)])
    .filter((levels) => levels.length > 1);
  // A server that only redirects to https has a location for everything too.
  const way = ways.find((levels) => levels.flat().some((one) => one.name === 'proxy_pass')) ?? ways[0] ?? [];
  return [root, http, ...way];
}

/** nginx.org/en/docs/http/ngx_http_core_module.html#location: exact, then ^~, then the first regex, then the longest prefix. */
function locationsFor(level: readonly Directive[], path: string): Levels {
  const candidates = level.filter((one) => one.name === 'location' && !one.args[0]?.startsWith('@'));
  const modifier = (one: Directive): string => (one.args.length > 1 ? (one.args[0] ?? '') : '');
  const pattern = (one: Directive): string => one.args.at(-1) ?? '';
  const exact = candidates.find((one) => modifier(one) === '=' && pattern(one) === path);
  const prefix = candidates
    .filter((one) => ['', '^~'].includes(modifier(one)) && path.startsWith(pattern(one)))
    .sort((a, b) => pattern(b).length - pattern(a).length)[0];
  const regex = candidates.find((one) => modifier(one).startsWith('~') && matches(pattern(one), modifier(one), path));
  const chosen = exact ?? (prefix && modifier(prefix) === '^~' ? prefix : (regex ?? prefix));
  return chosen?.block ? [chosen.block, ...locationsFor(chosen.block, path)] : [];
}

/** PCRE knows more than JavaScript: an expression that only nginx can read counts as one that does not match. */
function matches(pattern: string, modifier: string, path: string): boolean {
  try {
    return new RegExp(pattern, modifier === '~*' ? 'i' : '').test(path);
  } catch {
    return false;
  }
}

function upstreamOf(root: readonly Directive[], proxyPass: Directive | undefined): readonly Directive[] {
  const name = proxyPass?.args[0]?.match(/^https?:\/\/([^/:]+)/)?.[1];
  const http = root.find((one) => one.name === 'http')?.block ?? root;
  return http.find((one) => one.name === 'upstream' && one.args[0] === name)?.block ?? [];
}

function compression(gzip: Directive | undefined, types: Directive | undefined): Fact<boolean> {
  const covers = types?.args.some((type) => type === '*' || type === 'text/event-stream') ?? false;
  return fact(gzip, 'gzip off', ([value]) => value === 'on' && covers);
}

/**
 * A refusal is soft when every status that a dead or draining backend leads to ends in a 200 with `retry:`. A service
 * that was promised soft refusals by this nginx answers 503 itself, which only counts when it is intercepted.
 */
function refusals(levels: Levels): Fact<'soft' | 'fatal'> {
  const pages = all(levels, 'error_page');
  const promised = all(levels, 'proxy_set_header').some((one) => one.args[0]?.toLowerCase() === proxySoftFailsHeader);
  const intercept = all(levels, 'proxy_intercept_errors')[0];
  if (promised && intercept?.args[0] !== 'on')
    return fact<'soft' | 'fatal'>(intercept, 'proxy_intercept_errors off', () => 'fatal');
  const answers = ['502', '503', '504'].map((status) => pages.find((one) => one.args.includes(status)));
  const fatal = answers.find((page) => page === undefined || !isSoft(page, levels));
  return answers.includes(undefined)
    ? fact<'soft' | 'fatal'>(undefined, 'no error_page for 502 503 504', () => 'fatal')
    : fact(fatal ?? pages[0], '', () => (fatal === undefined ? 'soft' : 'fatal'));
}

function isSoft(page: Directive, levels: Levels): boolean {
  const [target, override = ''] = [...page.args].reverse();
  const handler = levels.flat().find((one) => one.name === 'location' && one.args.at(-1) === target);
  const answer = handler?.block?.find((one) => one.name === 'return' && one.args[0] === '200');
  return override.startsWith('=') && (answer?.args[1] ?? '').includes('retry:');
}

/** Several logs may stand side by side: the one that has the query counts. */
function logsQuery(root: readonly Directive[], logs: readonly Directive[]): Fact<boolean> {
  const http = root.find((one) => one.name === 'http')?.block ?? root;
  const leaks = /\$\{?(request|request_uri|args|query_string|arg_\w+|is_args|http_referer)\b/;
  const leaky = logs.find(({ args: [path, name] }) => {
    const format = http.find((one) => one.name === 'log_format' && one.args[0] === name);
    // Without a format of its own a log is "combined", which has the whole request line.
    return path !== 'off' && (format === undefined || leaks.test(format.args.slice(1).join(' ')));
  });
  return fact(leaky ?? logs[0], 'access_log combined', () => leaky !== undefined || logs.length === 0);
}

function stickiness(sticky: Directive | undefined): Fact<Stickiness | 'none'> {
  const expires = sticky?.args.find((arg) => arg.startsWith('expires='))?.slice('expires='.length);
  return fact<Stickiness | 'none'>(sticky, 'sticky unset', ([kind, cookie = '']) =>
    kind === 'cookie'
      ? { cookie, seconds: expires === undefined ? Number.POSITIVE_INFINITY : seconds([expires]) }
      : 'none',
  );
}

/** Each stream takes two connections of its worker: one to the client, one to the service. */
function streamLimit(root: readonly Directive[]): Pick<Hop, 'streamLimit'> {
  const events = root.find((one) => one.name === 'events')?.block;
  // Without an events block these are parts of a configuration, and the limit stands elsewhere.
  if (events === undefined) return {};
  const connections = events.find((one) => one.name === 'worker_connections');
  const files = root.find((one) => one.name === 'worker_rlimit_nofile');
  const open = files ? number(files.args) : Number.POSITIVE_INFINITY;
  return {
    streamLimit: fact(connections, 'worker_connections 512', (args) => Math.floor(Math.min(number(args), open) / 2)),
  };
}

const number = ([text]: readonly string[]): number => Number(text);
