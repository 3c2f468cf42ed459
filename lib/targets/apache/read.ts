import { type Fact, type Hop, proxySoftFailsHeader, type Stickiness } from '../../policy/index.ts';
import { type Directive, fact } from '../directive.ts';
import type { Files } from '../target.ts';
import { is, type Scope, scopeOf } from './scope.ts';

/**
 * What an Apache configuration does to streams of one path. Includes are followed among the given files; the virtual host
 * and the sections are those that Apache would take; a directive counts from the innermost level that has it, else with
 * Apache's default.
 */
export function readApache(files: Files, path = '/events'): Hop {
  const scope = scopeOf(files, path);
  const { levels, balancer } = scope;
  const find = (name: string): Directive | undefined => all(scope, name).at(-1);
  const member = balancer.find(({ name }) => is(name, 'BalancerMember'));
  return {
    target: 'apache',
    idleTimers: [idleTimer(scope)],
    buffering: fact(filter(scope, 'BUFFER'), 'SetOutputFilter none', ([first]) => first !== 'none'),
    compression: compression(scope),
    caching: caching(scope),
    ...poolIdle(member ?? scope.proxyPass),
    streamLimit: fact(find('MaxRequestWorkers'), 'MaxRequestWorkers 400', number),
    streamsPerConnection: fact(find('H2MaxSessionStreams'), 'H2MaxSessionStreams 100', number),
    stickiness: stickiness(scope),
    refusals: refusals(scope, files),
    logsQuery: logsQuery(scope),
    reloadWindow: fact(
      levels[0]?.findLast(({ name }) => is(name, 'GracefulShutdownTimeout')),
      'GracefulShutdownTimeout 0',
      (args) => number(args) || Number.POSITIVE_INFINITY,
    ),
  };
}

/** All directives of a name at the innermost level that has one. */
function all({ levels }: Scope, wanted: string): readonly Directive[] {
  const found = levels.map((level) => level.filter(({ name }) => is(name, wanted)));
  return found.findLast((some) => some.length > 0) ?? [];
}

const everywhere = ({ levels }: Scope, wanted: string): readonly Directive[] =>
  levels.flat().filter(({ name }) => is(name, wanted));

const number = ([text]: readonly string[]): number => Number(text);

/** `timeout=90` of a ProxyPass, BalancerMember or ProxySet; the last one counts. */
function parameter(
  directives: readonly (Directive | undefined)[],
  key: string,
): readonly [Directive, string] | undefined {
  for (const directive of directives) {
    const found = directive?.args.findLast((arg) => arg.toLowerCase().startsWith(`${key}=`));
    if (directive && found !== undefined) return [directive, found.slice(key.length + 1)];
  }
  return undefined;
}

/** A fact from one parameter: only that much of the line is shown. */
function factOf<T>(directive: Directive, key: string, text: string, value: T): Fact<T> {
  return { value, setting: `${directive.name} ${key}=${text}`, at: `${directive.file}:${directive.line}` };
}

/** The replica's own timeout, else the route's, else ProxyTimeout, else Timeout. */
function idleTimer(scope: Scope): Fact<number> {
  const members = scope.balancer.filter(({ name }) => is(name, 'BalancerMember'));
  // a balancer's own timeout is how long to wait for a free worker
  const own = parameter(members.length > 0 ? members : [scope.proxyPass], 'timeout');
  if (own !== undefined) return factOf(own[0], 'timeout', own[1], seconds(own[1]));
  const proxyTimeout = all(scope, 'ProxyTimeout').at(-1);
  return proxyTimeout
    ? fact(proxyTimeout, '', ([text]) => seconds(text))
    : fact(all(scope, 'Timeout').at(-1), 'Timeout 60', ([text]) => seconds(text));
}

/** An output filter that applies to everything, or to event streams by their type. */
function filter(scope: Scope, filterName: string): Directive | undefined {
  const named = (text: string | undefined): boolean => text?.toUpperCase().split(';').includes(filterName) ?? false;
  return [
    ...everywhere(scope, 'SetOutputFilter').filter(({ args: [filters] }) => named(filters)),
    ...everywhere(scope, 'AddOutputFilterByType').filter(
      ({ args: [filters, ...types] }) => named(filters) && types.includes('text/event-stream'),
    ),
  ].at(-1);
}

/** `no-gzip` and `no-brotli` switch a compressor off where they are set. */
function compression(scope: Scope): Fact<boolean> {
  const filters = [
    ['DEFLATE', 'no-gzip'],
    ['BROTLI_COMPRESS', 'no-brotli'],
  ] as const;
  const off = (variable: string): Directive | undefined =>
    everywhere(scope, 'SetEnv').find(({ args: [name] }) => name === variable);
  for (const [name, variable] of filters) {
    const compressor = filter(scope, name);
    if (compressor && off(variable) === undefined) return fact(compressor, '', () => true);
  }
  return fact(off('no-gzip'), 'SetOutputFilter none', () => false);
}

function caching(scope: Scope): Fact<boolean> {
  const enabled = everywhere(scope, 'CacheEnable').at(-1);
  const disabled = everywhere(scope, 'CacheDisable').find(({ args: [where = ''] }) => where === 'on');
  return fact(disabled ?? enabled, 'CacheEnable none', () => disabled === undefined && enabled !== undefined);
}

/** mod_proxy keeps idle connections for as long as they live, unless `ttl` says how long or disablereuse that it does not. */
function poolIdle(member: Directive | undefined): Pick<Hop, 'poolIdle'> {
  if (member === undefined || parameter([member], 'disablereuse')?.[1].toLowerCase() === 'on') return {};
  const ttl = parameter([member], 'ttl');
  if (ttl === undefined) return { poolIdle: { value: Number.POSITIVE_INFINITY, setting: 'ttl none (default)' } };
  return { poolIdle: factOf(ttl[0], 'ttl', ttl[1], seconds(ttl[1])) };
}

function stickiness(scope: Scope): Fact<Stickiness | 'none'> {
  const sets = scope.balancer.filter(({ name }) => is(name, 'ProxySet'));
  const sticky = parameter([...sets, scope.proxyPass], 'stickysession');
  if (sticky === undefined) return { value: 'none', setting: 'stickysession none (default)' };
  const cookie = sticky[1].split('|')[0] ?? '';
  const header = everywhere(scope, 'Header').find(({ args }) => args.some((arg) => arg.startsWith(`${cookie}=`)));
  const age = /max-age=(\d+)/i.exec(header?.args.join(' ') ?? '')?.[1];
  const value = { cookie, seconds: age === undefined ? Number.POSITIVE_INFINITY : Number(age) };
  return header ? fact(header, '', () => value) : factOf(sticky[0], 'stickysession', sticky[1], value);
}

/**
 * Soft when the errors of a dead backend end in a file that is sent as it is, with a 200 and `retry:`. Apache does not ask
 * the next replica when one answers 503: a service that was promised so has its refusals turned into errors.
 */
function refusals(scope: Scope, files: Files): Fact<'soft' | 'fatal'> {
  const promise = everywhere(scope, 'RequestHeader').find(({ args }) =>
    args.some((arg) => arg.toLowerCase() === proxySoftFailsHeader),
  );
  if (promise) return fact<'soft' | 'fatal'>(promise, '', () => 'fatal');
  const documents = everywhere(scope, 'ErrorDocument');
  const soft = ['502', '503', '504'].map((status) =>
    documents.findLast(({ args: [code, page = ''] }) => code === status && isSoft(page, scope, files)),
  );
  const hard = soft.includes(undefined);
  return fact<'soft' | 'fatal'>(hard ? documents.at(-1) : soft[0], 'no ErrorDocument for 502 503 504', () =>
    hard ? 'fatal' : 'soft',
  );
}

function isSoft(page: string, scope: Scope, files: Files): boolean {
  const alias = everywhere(scope, 'Alias').find(({ args: [from] }) => from === page);
  const name = alias?.args[1]?.split('/').at(-1);
  const text = Object.entries(files).find(([file]) => file.split('/').at(-1) === name)?.[1] ?? '';
  return /^Status: 200\b/im.test(text) && text.includes('retry:');
}

/** Several logs may stand side by side: the one that has the query counts. No CustomLog, no access log. */
function logsQuery(scope: Scope): Fact<boolean> {
  const logs = [...all(scope, 'CustomLog'), ...all(scope, 'TransferLog')];
  const formats = everywhere(scope, 'LogFormat');
  const leaks = /%[<>]?r|%[<>]?q|%\{Referer\}i|%\{(Cookie|Authorization)\}i/i;
  const leaky = logs.find(({ name, args: [, wanted = ''] }) => {
    const named = formats.find(({ args: [, nickname] }) => nickname === wanted)?.args[0];
    const format = named ?? (wanted.includes('%') ? wanted : undefined);
    // a format that is not among these files is one of the usual ones, which have the whole request line
    return is(name, 'TransferLog') || format === undefined || leaks.test(format);
  });
  return fact(leaky ?? logs[0], 'CustomLog none', () => leaky !== undefined);
}

/** httpd.apache.org/docs/2.4/mod/directive-dict.html: seconds, unless a unit says otherwise. */
function seconds(text = ''): number {
  const [, count = '', unit = 's'] = /^(\d+)(ms|s|mi|min|h)?$/i.exec(text) ?? [];
  const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, mi: 60, min: 60, h: 3600 };
  return Number(count) * (units[unit.toLowerCase()] ?? 1);
}
