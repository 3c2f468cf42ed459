import { type Fact, type Hop, proxySoftFailsHeader, type Stickiness } from '../../policy/index.ts';
import type { Files } from '../target.ts';
import { child, items, readAllYaml, type Tree, textOf } from '../yaml.ts';
import { entriesOf, lookUp, type Route, routeFor } from './route.ts';

/**
 * What a Traefik configuration does to streams of one path: the static and the dynamic part as YAML files, in any order.
 * What is not set counts with Traefik's default.
 *
 * @throws Error for TOML, which is not read.
 */
export function readTraefik(files: Files, path = '/events'): Hop {
  const toml = Object.keys(files).find((name) => name.endsWith('.toml'));
  if (toml !== undefined) throw new Error(`${toml}: TOML is not read; give the same as YAML`);
  const trees = readAllYaml(files);
  const way = routeFor(trees, path);
  return {
    ...readRoute(trees, way),
    ...streamLimit(way, files),
    logsQuery: logsQuery(trees, way),
    ...least(fromEntryPoints(way, ['transport', 'lifeCycle', 'graceTimeOut'], '10', seconds), 'reloadWindow'),
  };
}

/** What the routes decide, and the entry points that they name; how Traefik itself stops and logs is beside that. */
export function readRoute(trees: readonly Tree[], way: Route = routeFor(trees, '/events')): Hop {
  return {
    target: 'traefik',
    durationCaps: durationCaps(way),
    buffering: uses(way, 'buffering'),
    compression: compression(way),
    poolIdle: fact(child(way.transport, 'forwardingTimeouts', 'idleConnTimeout'), 'idleConnTimeout', '90s', unlessZero),
    ...streamLimit(way),
    ...least(fromEntryPoints(way, ['http2', 'maxConcurrentStreams'], '250', Number), 'streamsPerConnection'),
    stickiness: stickiness(way.balancer),
    refusals: refusals(way, trees),
  };
}

/** A fact from a key, or from Traefik's default as it would be written. */
function fact<T>(field: Tree | undefined, name: string, otherwise: string, value: (text: string) => T): Fact<T> {
  const text = textOf(field);
  if (text === undefined) return { value: value(otherwise), setting: `${name}: ${otherwise} (default)` };
  return { value: value(text), setting: `${name}: ${text}`, ...(field && { at: field.at }) };
}

const factAt = <T>(place: Tree | undefined, setting: string, value: T): Fact<T> => ({
  value,
  setting,
  ...(place && { at: place.at }),
});

/** For each entry point that leads here; without any, Traefik's default. */
function fromEntryPoints(
  { entryPoints }: Route,
  path: readonly string[],
  otherwise: string,
  value: (text: string) => number,
): readonly Fact<number>[] {
  const places: readonly (Tree | undefined)[] = entryPoints.length > 0 ? entryPoints : [undefined];
  return places.map((entryPoint) => fact(child(entryPoint, ...path), path.at(-1) ?? '', otherwise, value));
}

/** A router's own limit takes the place of that of its entry points, also when it is none. */
function durationCaps(way: Route): readonly Fact<number>[] {
  const roundTrip = child(way.router, 'respondingTimeouts', 'roundTrip');
  return roundTrip
    ? [fact(roundTrip, 'respondingTimeouts.roundTrip', '0', unlessZero)]
    : fromEntryPoints(way, ['transport', 'respondingTimeouts', 'writeTimeout'], '0', unlessZero);
}

function least<K extends 'streamsPerConnection' | 'reloadWindow'>(
  facts: readonly Fact<number>[],
  key: K,
): Pick<Hop, K> {
  const [smallest] = [...facts].sort((a, b) => a.value - b.value);
  return { [key]: smallest } as Pick<Hop, K>;
}

const usedAs = ({ middlewares }: Route, kind: string): Tree | undefined =>
  middlewares.map((one) => child(one, kind)).find((one) => one !== undefined);

/** The middleware waits for the whole response, whatever its limits are. */
function uses(way: Route, kind: string): Fact<boolean> {
  const used = usedAs(way, kind);
  return factAt(used, used ? `${kind} middleware` : `no ${kind} middleware`, used !== undefined);
}

/** Everything, unless types are named: those that are left out, or those alone that are taken. */
function compression(way: Route): Fact<boolean> {
  const compress = usedAs(way, 'compress');
  const listed = (key: string): boolean =>
    items(child(compress, key)).some((type) => textOf(type)?.startsWith('text/event-stream'));
  const taken = items(child(compress, 'includedContentTypes')).length === 0 || listed('includedContentTypes');
  const compresses = compress !== undefined && taken && !listed('excludedContentTypes');
  return factAt(compress, compress ? 'compress middleware' : 'no compress middleware', compresses);
}

/** Simultaneous requests that a middleware lets through, or files that systemd grants: two for each stream. */
function streamLimit(way: Route, files: Files = {}): Pick<Hop, 'streamLimit'> {
  const amount = child(usedAs(way, 'inFlightReq'), 'amount');
  if (amount) return { streamLimit: fact(amount, 'inFlightReq.amount', '', Number) };
  for (const [file, text] of Object.entries(files)) {
    const lines = text.split('\n');
    const index = lines.findLastIndex((line) => /^LimitNOFILE=\d+/.test(line));
    const setting = lines[index]?.trim();
    if (setting !== undefined)
      return {
        streamLimit: {
          value: Math.floor(Number(setting.slice('LimitNOFILE='.length)) / 2),
          setting,
          at: `${file}:${index + 1}`,
        },
      };
  }
  return {};
}

/** Without maxAge the cookie lasts as long as the browser. */
function stickiness(balancer: Tree | undefined): Fact<Stickiness | 'none'> {
  const cookie = child(balancer, 'sticky', 'cookie');
  if (cookie === undefined) return factAt<Stickiness | 'none'>(undefined, 'sticky none (default)', 'none');
  const name = textOf(child(cookie, 'name')) ?? 'a name of its own';
  return {
    ...fact<Stickiness | 'none'>(child(cookie, 'maxAge'), `sticky cookie ${name} maxAge`, '0', (age) => ({
      cookie: name,
      seconds: unlessZero(age),
    })),
    at: child(cookie, 'maxAge')?.at ?? cookie.at,
  };
}

/** What an EventSource meets when no replica is left. */
const statuses = [502, 503, 504];

/**
 * A refusal is soft when an errors middleware takes every status that a dead or draining backend leads to, and makes it
 * a 200; or when a failover takes it, and asks another service. What those services answer is looked into only where
 * Traefik asks itself.
 */
function refusals(way: Route, trees: readonly Tree[]): Fact<'soft' | 'fatal'> {
  const pages = way.middlewares.map((one) => child(one, 'errors')).filter((one) => one !== undefined);
  const failedOver = (status: number): boolean =>
    way.failovers.some((one) => takes(child(one, 'errors', 'status'), status));
  const hard = statuses.find((status) => !failedOver(status) && !pages.some((page) => isSoft(page, status, trees)));
  if (hard === undefined)
    return factAt(pages[0] ?? way.failovers[0], pages[0] ? 'errors middleware' : 'failover', 'soft');
  const promise = way.middlewares
    .flatMap((one) => child(one, 'headers', 'customRequestHeaders')?.entries ?? [])
    .find(([name]) => name.toLowerCase() === proxySoftFailsHeader)?.[1];
  return factAt(pages[0] ?? promise, `no errors middleware that makes a ${hard} a 200`, 'fatal');
}

function isSoft(page: Tree, status: number, trees: readonly Tree[]): boolean {
  const rewritten = child(page, 'statusRewrites')?.entries?.some(
    ([range, code]) => covers(range, status) && textOf(code) === '200',
  );
  return takes(child(page, 'status'), status) && rewritten === true && isStream(textOf(child(page, 'service')), trees);
}

const takes = (ranges: Tree | undefined, status: number): boolean =>
  items(ranges).some((range) => covers(textOf(range) ?? '', status));

/** `503`, `502-504`, and several with commas in between. */
const covers = (ranges: string, status: number): boolean =>
  ranges.split(',').some((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number);
    return status >= from && status <= to;
  });

/** A service on one of our own entry points is a router of ours, which has to say that it answers an event stream. */
function isStream(service: string | undefined, trees: readonly Tree[]): boolean {
  const url = textOf(child(items(child(lookUp(trees, 'services', service), 'loadBalancer', 'servers'))[0], 'url'));
  const port = /:(\d+)\/?$/.exec(url ?? '')?.[1];
  const own = entriesOf(trees, 'entryPoints').find(
    ([, entryPoint]) => port !== undefined && textOf(child(entryPoint, 'address'))?.endsWith(`:${port}`),
  )?.[0];
  if (own === undefined) return true;
  return entriesOf(trees, 'http', 'routers')
    .filter(([, router]) => items(child(router, 'entryPoints')).some((one) => textOf(one) === own))
    .flatMap(([, router]) => items(child(router, 'middlewares')))
    .flatMap(
      (name) => child(lookUp(trees, 'middlewares', textOf(name)), 'headers', 'customResponseHeaders')?.entries ?? [],
    )
    .some(([name, value]) => name.toLowerCase() === 'content-type' && textOf(value)?.startsWith('text/event-stream'));
}

/** The usual formats have the whole path, and cannot be changed. In JSON fields may be left out, or the query alone. */
function logsQuery(trees: readonly Tree[], { router, entryPoints }: Route): Fact<boolean> {
  const log = trees.map((tree) => child(tree, 'accessLog')).find((one) => one !== undefined);
  const off = [router, ...entryPoints].find((one) => textOf(child(one, 'observability', 'accessLogs')) === 'false');
  if (log === undefined || off)
    return factAt(off, off ? 'observability.accessLogs: false' : 'accessLog none (default)', false);
  const format = textOf(child(log, 'format')) ?? 'common';
  if (format !== 'json') return factAt(child(log, 'format') ?? log, `accessLog.format: ${format}`, true);
  const fields = child(log, 'fields');
  const mode = (part: Tree | undefined, name: string, otherwise: string): string =>
    textOf(child(part, 'names', name)) ?? textOf(child(part, 'defaultMode')) ?? otherwise;
  const bare = textOf(child(fields, 'queryParameters', 'defaultMode')) === 'drop';
  const paths = ['RequestPath', 'RequestLine'].some((name) => mode(fields, name, 'keep') === 'keep');
  const headers = ['Referer', 'Authorization', 'Cookie'].some(
    (name) => mode(child(fields, 'headers'), name, 'drop') === 'keep',
  );
  return factAt(fields ?? log, 'accessLog.fields', (paths && !bare) || headers);
}

/** Go durations; a bare number is seconds (paerser/types/duration.go). */
const units: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 0.001, s: 1, m: 60, h: 3600 };

function seconds(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|[smh])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? 's'] ?? 1),
    0,
  );
}

/** Zero is how Traefik says "none" of its timers. */
const unlessZero = (text: string): number => seconds(text) || Number.POSITIVE_INFINITY;
