import type { Fact, Hop, Stickiness } from '../../policy/index.ts';
import type { Files } from '../target.ts';
import { type Directive, parse } from './syntax.ts';

/**
 * What an nginx configuration does to streams of one path. Includes are followed among the given files; the location is
 * chosen as nginx chooses it; a directive counts from the innermost level that has it, else with nginx's default.
 */
export function readNginx(files: Files, path = '/events'): Hop {
  const root = expand(files);
  const levels = levelsFor(root, path);
  const find = (name: string): Directive | undefined =>
    levels.map((level) => level.find((one) => one.name === name)).findLast(Boolean);
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
    refusals: refusals(levels, find),
    logsQuery: logsQuery(root, find('access_log')),
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
  const main = [...trees.values()].find((tree) => tree.some((one) => one.name === 'http'));
  return main ? included(main, trees) : [...trees.values()].flat();
}

function included(tree: readonly Directive[], trees: ReadonlyMap<string, readonly Directive[]>): readonly Directive[] {
  return tree.flatMap((one) => {
    if (one.name === 'include') {
      const name = one.args[0]?.split('/').at(-1) ?? '';
      return included(trees.get(name) ?? [], trees);
    }
    return one.block ? [{ ...one, block: included(one.block, trees) }] : [one];
  });
}

/** The levels that decide about `path`, outermost first: main, http, server, location, nested locations. */
function levelsFor(root: readonly Directive[], path: string): readonly (readonly Directive[])[] {
  const http = root.find((one) => one.name === 'http')?.block ?? root;
  const servers = http.filter((one) => one.name === 'server' && one.block).map((one) => one.block ?? []);
  for (const server of servers.length > 0 ? servers : [http]) {
    const locations = locationsFor(server, path);
    if (locations.length > 0) return [root, http, server, ...locations];
  }
  return [root, http];
}

/** nginx.org/en/docs/http/ngx_http_core_module.html#location: exact, then ^~, then the first regex, then the longest prefix. */
function locationsFor(level: readonly Directive[], path: string): readonly (readonly Directive[])[] {
  const candidates = level.filter((one) => one.name === 'location' && !one.args[0]?.startsWith('@'));
  const modifier = (one: Directive): string => (one.args.length > 1 ? (one.args[0] ?? '') : '');
  const pattern = (one: Directive): string => one.args.at(-1) ?? '';
  const exact = candidates.find((one) => modifier(one) === '=' && pattern(one) === path);
  const prefix = candidates
    .filter((one) => ['', '^~'].includes(modifier(one)) && path.startsWith(pattern(one)))
    .sort((a, b) => pattern(b).length - pattern(a).length)[0];
  const regex = candidates.find(
    (one) => modifier(one).startsWith('~') && new RegExp(pattern(one), modifier(one) === '~*' ? 'i' : '').test(path),
  );
  const chosen = exact ?? (prefix && modifier(prefix) === '^~' ? prefix : (regex ?? prefix));
  return chosen?.block ? [chosen.block, ...locationsFor(chosen.block, path)] : [];
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

/** A refusal is soft when every status that nginx produces for a dead backend leads to a 200 with `retry:`. */
function refusals(
  levels: readonly (readonly Directive[])[],
  find: (name: string) => Directive | undefined,
): Fact<'soft' | 'fatal'> {
  const page = find('error_page');
  const [target = '', override = ''] = [...(page?.args ?? [])].reverse();
  const covered = ['502', '503', '504'].every((status) => page?.args.includes(status));
  const handler = levels.flat().find((one) => one.name === 'location' && one.args[0] === target);
  const answer = handler?.block?.find((one) => one.name === 'return' && one.args[0] === '200');
  const soft = covered && override.startsWith('=') && (answer?.args[1] ?? '').includes('retry:');
  return fact(page, 'no error_page for 502 503 504', () => (soft ? 'soft' : 'fatal'));
}

function logsQuery(root: readonly Directive[], log: Directive | undefined): Fact<boolean> {
  const http = root.find((one) => one.name === 'http')?.block ?? root;
  const format = http.find((one) => one.name === 'log_format' && one.args[0] === log?.args[1]);
  const leaks = /\$\{?(request|request_uri|args|query_string|arg_\w+|is_args|http_referer)\b/;
  if (log?.args[0] === 'off') return fact(log, '', () => false);
  // Without a format of its own a log is "combined", which has the whole request line.
  return fact(log, 'access_log combined', () => format === undefined || leaks.test(format.args.slice(1).join(' ')));
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
  const connections = root
    .find((one) => one.name === 'events')
    ?.block?.find((one) => one.name === 'worker_connections');
  const files = root.find((one) => one.name === 'worker_rlimit_nofile');
  if (connections === undefined) return {};
  const most = Math.min(number(connections.args), files ? number(files.args) : Number.POSITIVE_INFINITY);
  return { streamLimit: fact(connections, '', () => Math.floor(most / 2)) };
}

/** A fact from a directive, or from nginx's default as it would be written. */
function fact<T>(directive: Directive | undefined, otherwise: string, value: (args: readonly string[]) => T): Fact<T> {
  if (directive === undefined) {
    const [, ...args] = otherwise.split(' ');
    return { value: value(args), setting: `${otherwise} (default)` };
  }
  const { name, args, file, line } = directive;
  return { value: value(args), setting: [name, ...args].join(' '), at: `${file}:${line}` };
}

const number = ([text]: readonly string[]): number => Number(text);

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** nginx time, "1h 30m" and "90" (seconds) included; "unset" is for ever. */
function seconds(args: readonly string[]): number {
  if (args[0] === 'unset') return Number.POSITIVE_INFINITY;
  return [...args.join(' ').matchAll(/(\d+)(ms|s|m|h|d)?/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? 's'] ?? 1),
    0,
  );
}
