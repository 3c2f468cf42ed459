import type { Fact, Hop, Stickiness } from '../../policy/index.ts';
import type { Files } from '../target.ts';
import { child, findAll, items, readAllYaml, type Tree, textOf } from '../yaml.ts';
import { refusals } from './refusals.ts';
import { type Route, routeFor } from './route.ts';
import { allOfType, enabledFilters, fact, factAt, filterOf, isType, unlessZero } from './tree.ts';

/**
 * What an Envoy configuration does to streams of one path: a bootstrap, resource files of the file system beside it, in
 * YAML or JSON, fields in either spelling. What is not set counts with Envoy's default.
 */
export function readEnvoy(files: Files, path = '/events'): Hop {
  const trees = readAllYaml(files);
  const way = routeFor(trees, path);
  return {
    target: 'envoy',
    idleTimers: idleTimers(way),
    durationCaps: durationCaps(way),
    buffering: has(way, ['FileSystemBufferFilterConfig'], 'a filter that holds responses'),
    compression: compression(way),
    caching: has(way, ['CacheConfig', 'CacheV2Config'], 'a cache'),
    ...poolIdle(way),
    ...streamLimit(way, trees),
    streamsPerConnection: fact(
      child(way.manager, 'http2_protocol_options', 'max_concurrent_streams'),
      'max_concurrent_streams',
      '1024',
      Number,
    ),
    stickiness: stickiness(way),
    refusals: refusals(way, path),
    logsQuery: logsQuery(way.manager),
    reloadWindow: reloadWindow(files),
  };
}

/** A route's own retry policy, or its host's. */
const retryPolicy = ({ host, route }: Route): Tree | undefined =>
  child(route, 'route', 'retry_policy') ?? child(host, 'retry_policy');

/** The route's timer replaces that of the connection manager; one per attempt comes on top. */
function idleTimers(way: Route): readonly Fact<number>[] {
  const own = child(way.route, 'route', 'idle_timeout');
  const perTry = child(retryPolicy(way), 'per_try_idle_timeout');
  return [
    own
      ? fact(own, 'idle_timeout', '', unlessZero)
      : fact(child(way.manager, 'stream_idle_timeout'), 'stream_idle_timeout', '300s', unlessZero),
    ...(perTry ? [fact(perTry, 'per_try_idle_timeout', '', unlessZero)] : []),
  ];
}

function durationCaps(way: Route): readonly Fact<number>[] {
  const optional: readonly (readonly [string, Tree | undefined])[] = [
    ['per_try_timeout', child(retryPolicy(way), 'per_try_timeout')],
    ['max_stream_duration', child(way.route, 'route', 'max_stream_duration', 'max_stream_duration')],
    ['max_stream_duration', child(way.manager, 'common_http_protocol_options', 'max_stream_duration')],
    ['max_stream_duration', child(protocolOptions(way.cluster), 'max_stream_duration')],
  ];
  return [
    fact(child(way.route, 'route', 'timeout'), 'route timeout', '15s', unlessZero),
    ...optional.flatMap(([name, field]) => (field ? [fact(field, name, '', unlessZero)] : [])),
  ];
}

function has(way: Route, types: readonly string[], what: string): Fact<boolean> {
  const filter = enabledFilters(way.manager).find((one) =>
    types.some((type) => isType(child(one, 'typed_config'), type)),
  );
  return factAt(filter, filter ? (textOf(child(filter, 'name')) ?? what) : `${what}: none`, filter !== undefined);
}

/** The types that are compressed are listed, and event streams are not among them by default. */
function compression({ manager, route }: Route): Fact<boolean> {
  const [filter, override] = filterOf(manager, route, 'Compressor');
  const disabled = textOf(child(override, 'disabled')) === 'true';
  const config = child(filter, 'response_direction_config', 'common_config') ?? filter;
  const listed = items(child(config, 'content_type')).find((type) => textOf(type)?.startsWith('text/event-stream'));
  const on = textOf(child(config, 'enabled', 'default_value')) !== 'false';
  return factAt(
    listed ?? filter,
    listed ? 'content_type: text/event-stream' : 'no compressor for text/event-stream',
    listed !== undefined && on && !disabled,
  );
}

/** Under the extension's name, and before that in the cluster itself. */
function protocolOptions(cluster: Tree | undefined): Tree | undefined {
  const options = child(cluster, 'typed_extension_protocol_options')?.entries?.find(([, config]) =>
    isType(config, 'HttpProtocolOptions'),
  )?.[1];
  return child(options, 'common_http_protocol_options') ?? child(cluster, 'common_http_protocol_options');
}

function poolIdle({ cluster }: Route): Pick<Hop, 'poolIdle'> {
  const options = protocolOptions(cluster);
  if (textOf(child(options, 'max_requests_per_connection')) === '1') return {};
  return { poolIdle: fact(child(options, 'idle_timeout'), 'idle_timeout', '3600s', unlessZero) };
}

/**
 * Circuit breakers and the limit on connections are for all replicas together. Addresses behind a name cannot be counted
 * and are taken for one.
 */
function streamLimit(way: Route, trees: readonly Tree[]): Pick<Hop, 'streamLimit'> {
  const { cluster } = way;
  if (cluster === undefined) return {};
  const endpoints = items(child(cluster, 'load_assignment', 'endpoints')).flatMap((one) =>
    items(child(one, 'lb_endpoints')),
  );
  const replicas = Math.max(1, endpoints.length);
  const priority = textOf(child(way.route, 'route', 'priority')) ?? 'DEFAULT';
  const threshold = items(child(cluster, 'circuit_breakers', 'thresholds')).find(
    (one) => (textOf(child(one, 'priority')) ?? 'DEFAULT') === priority,
  );
  const each = (text: string): number => Math.floor(Number(text) / replicas);
  const limits = [
    ...(isHttp2(cluster) ? [] : [fact(child(threshold, 'max_connections'), 'max_connections', '1024', each)]),
    fact(child(threshold, 'max_requests'), 'max_requests', '1024', each),
    ...allOfType(trees, 'DownstreamConnectionsConfig').map((monitor) =>
      fact(child(monitor, 'max_active_downstream_connections'), 'max_active_downstream_connections', '0', each),
    ),
  ].sort((a, b) => a.value - b.value);
  return limits[0] ? { streamLimit: limits[0] } : {};
}

const isHttp2 = (cluster: Tree): boolean =>
  findAll(cluster, (one) => child(one, 'http2_protocol_options') !== undefined).length > 0;

/** By a filter that writes the replica into a cookie, or by the hash of one. Without an age it lasts as long as the browser. */
function stickiness({ manager, route, cluster }: Route): Fact<Stickiness | 'none'> {
  const filters = filterOf(manager, route, 'StatefulSession');
  const disabled = filters.some((one) => textOf(child(one, 'disabled')) === 'true');
  const state = disabled
    ? undefined
    : filters.flatMap((one) => findAll(one, (at) => isType(at, 'CookieBasedSessionState'))).at(-1);
  const hashed = items(child(route, 'route', 'hash_policy')).find((one) => child(one, 'cookie', 'ttl') !== undefined);
  const hashes = ['RING_HASH', 'MAGLEV'].includes(textOf(child(cluster, 'lb_policy')) ?? '');
  const cookie = child(state, 'cookie') ?? (hashes ? child(hashed, 'cookie') : undefined);
  if (cookie === undefined) return factAt<Stickiness | 'none'>(undefined, 'no session affinity', 'none');
  const name = textOf(child(cookie, 'name')) ?? '';
  return fact<Stickiness | 'none'>(child(cookie, 'ttl'), `cookie ${name} ttl`, '0s', (ttl) => ({
    cookie: name,
    seconds: unlessZero(ttl),
  }));
}

/** Operators that have the query, or what else a token travels in. Paths without it have their own. */
const leaks =
  /%(REQ|DYNAMIC_METADATA)\(([^)]*\?)?:?(X-ENVOY-ORIGINAL-PATH|PATH|REFERER|AUTHORIZATION|COOKIE)\b[^)]*\)|%PATH(?!\(NQ)[%(:]|%QUERY_PARAMS?\b|%PATH\(WQ/i;

/** Envoy's usual format has the whole path, and so has what is sent over gRPC. */
function logsQuery(manager: Tree | undefined): Fact<boolean> {
  const logs = items(child(manager, 'access_log'));
  const leaky = logs.map((log) => ({ log, leak: leakOf(log) })).find(({ leak }) => leak !== undefined);
  if (leaky?.leak)
    return factAt(leaky.leak, textOf(leaky.leak) ?? `${textOf(child(leaky.log, 'name'))} with its usual fields`, true);
  return factAt(logs[0], logs[0] ? 'access_log without the query' : 'access_log none', false);
}

function leakOf(log: Tree): Tree | undefined {
  const config = child(log, 'typed_config');
  const formats = ['log_format', 'format', 'json_format', 'typed_json_format', 'body', 'attributes'];
  const format = formats.map((name) => child(config, name)).find((one) => one !== undefined);
  if (format === undefined) return log;
  return findAll(format, (one) => leaks.test(textOf(one) ?? ''))[0];
}

/** From the command line of whatever starts Envoy, where it is among the files. */
function reloadWindow(files: Files): Fact<number> {
  const option = /--parent-shutdown-time-s[= ]+(\d+)/;
  for (const [file, text] of Object.entries(files)) {
    const lines = text.split('\n');
    const index = lines.findIndex((line) => !line.startsWith('#') && option.test(line));
    const found = option.exec(lines[index] ?? '');
    if (found) return { value: Number(found[1]), setting: found[0], at: `${file}:${index + 1}` };
  }
  return { value: 900, setting: '--parent-shutdown-time-s 900 (default)' };
}
