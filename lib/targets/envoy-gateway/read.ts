import type { Fact, Hop, Stickiness } from '../../policy/index.ts';
import { countFact, secondsFact } from '../edge/facts.ts';
import { at, durationSeconds, type Manifest, ofKind } from '../edge/manifest.ts';
import { attached, gatewaysOf, itemsAt, type RouteRule, streamRule } from '../edge/routes.ts';

/** Envoy's own defaults (envoy/config/route/v3, envoy/extensions/filters/network/http_connection_manager/v3). */
const envoy = { requestSeconds: 15, streamIdleSeconds: 300, connectionIdleSeconds: 3600 };

/** Envoy Gateway's defaults (envoyproxy/gateway:site/content/en/docs/api/extension_types.md, v1.9). */
const gatewayDefaults = { drainSeconds: 60, breaker: 1024, http2Streams: 100 };

/** What anybody's manifests for Envoy Gateway do to streams. What is not set counts with the default. */
export function readEnvoyGateway(manifests: readonly Manifest[]): Hop {
  const rule = streamRule(manifests);
  const route = rule?.route;
  const gateways = gatewaysOf(route);
  const traffic = attached(
    manifests,
    'BackendTrafficPolicy',
    ['HTTPRoute', route?.metadata.name ?? ''],
    ['Gateway', ...gateways],
  )?.spec;
  const clients = attached(manifests, 'ClientTrafficPolicy', ['Gateway', ...gateways])?.spec;
  return {
    target: 'envoy-gateway',
    idleTimers: [idleTimer(rule, traffic, clients)],
    durationCaps: durationCaps(rule, traffic),
    poolIdle: secondsFact(
      'timeout.http.connectionIdleTimeout',
      { places: [[traffic, 'timeout', 'http', 'connectionIdleTimeout']], otherwise: envoy.connectionIdleSeconds },
      durationSeconds,
    ),
    streamLimit: streamLimit(traffic),
    streamsPerConnection: countFact('http2.maxConcurrentStreams', {
      places: [[clients, 'http2', 'maxConcurrentStreams']],
      otherwise: gatewayDefaults.http2Streams,
    }),
    stickiness: stickiness(traffic),
    refusals: refusals(traffic),
    ...ofProxies(manifests),
  };
}

const requestTimeout = (rule: RouteRule | undefined, traffic: unknown): Fact<number> =>
  secondsFact(
    'timeouts.request',
    {
      places: [
        [rule?.rule, 'timeouts', 'request'],
        [traffic, 'timeout', 'http', 'requestTimeout'],
      ],
      otherwise: envoy.requestSeconds,
    },
    durationSeconds,
  );

function durationCaps(rule: RouteRule | undefined, traffic: unknown): readonly Fact<number>[] {
  const none = Number.POSITIVE_INFINITY;
  const optional = [
    secondsFact(
      'timeouts.backendRequest',
      { places: [[rule?.rule, 'timeouts', 'backendRequest']], otherwise: none },
      durationSeconds,
    ),
    secondsFact(
      'timeout.http.maxStreamDuration',
      { places: [[traffic, 'timeout', 'http', 'maxStreamDuration']], otherwise: none },
      durationSeconds,
    ),
  ].filter(({ value }) => value !== none);
  return [requestTimeout(rule, traffic), ...optional];
}

/**
 * Set by a policy; else by the request timeout, where there is one: at least an hour, and none if that is none
 * (envoyproxy/gateway:internal/xds/translator/route.go, idleTimeout).
 */
function idleTimer(rule: RouteRule | undefined, traffic: unknown, clients: unknown): Fact<number> {
  const request = requestTimeout(rule, traffic);
  const isSet = !request.setting.endsWith('(default)');
  const otherwise = isSet ? Math.max(3600, request.value) : envoy.streamIdleSeconds;
  const places = [
    [traffic, 'timeout', 'http', 'streamIdleTimeout'],
    [clients, 'timeout', 'http', 'streamIdleTimeout'],
  ] as const;
  return secondsFact('timeout.http.streamIdleTimeout', { places, otherwise }, durationSeconds);
}

/** Breakers are for all replicas together; how many there are is not known here, so they are held against one. */
function streamLimit(traffic: unknown): Fact<number> {
  const breaker = (key: string): Fact<number> =>
    countFact(`circuitBreaker.${key}`, {
      places: [[traffic, 'circuitBreaker', key]],
      otherwise: gatewayDefaults.breaker,
    });
  const connections = breaker('maxConnections');
  const requests = breaker('maxParallelRequests');
  return connections.value <= requests.value ? connections : requests;
}

/** Without a ttl the cookie lives as long as the browser session. */
function stickiness(traffic: unknown): Fact<Stickiness | 'none'> {
  const hash = at(traffic, 'loadBalancer', 'consistentHash');
  const cookie = at(hash, 'cookie', 'name');
  if (at(traffic, 'loadBalancer', 'type') !== 'ConsistentHash' || typeof cookie !== 'string')
    return { value: 'none', setting: `loadBalancer.type: ${at(traffic, 'loadBalancer', 'type') ?? 'LeastRequest'}` };
  const ttl = at(hash, 'cookie', 'ttl');
  const seconds = durationSeconds(ttl) ?? Number.POSITIVE_INFINITY;
  return { value: { cookie, seconds }, setting: `consistentHash.cookie.ttl: ${ttl ?? '(not set)'}` };
}

/** What an EventSource can meet when no replica is left: 500 is Envoy Gateway's own, without any endpoint. */
const statuses = [500, 502, 503, 504];

function refusals(traffic: unknown): Fact<'soft' | 'fatal'> {
  const overrides = itemsAt(traffic, 'responseOverride');
  const hard = statuses.find((status) => !isSoft(overrides.find((one) => matches(one, status))));
  if (hard === undefined) return { value: 'soft', setting: 'responseOverride' };
  return { value: 'fatal', setting: `no responseOverride for ${hard}` };
}

const matches = (override: unknown, status: number): boolean =>
  itemsAt(override, 'match', 'statusCodes').some((code) => {
    const start = at(code, 'range', 'start');
    const end = at(code, 'range', 'end');
    if (typeof start === 'number' && typeof end === 'number') return start <= status && status <= end;
    return at(code, 'value') === status;
  });

const isSoft = (override: unknown): boolean =>
  at(override, 'response', 'statusCode') === 200 &&
  String(at(override, 'response', 'contentType')).startsWith('text/event-stream') &&
  String(at(override, 'response', 'body', 'inline')).includes('retry:');

/** Not known of a Gateway that is not among the manifests. */
function ofProxies(manifests: readonly Manifest[]): Pick<Hop, 'reloadWindow' | 'logsQuery'> {
  const proxies = ofKind(manifests, 'EnvoyProxy')?.spec;
  if (proxies === undefined && ofKind(manifests, 'Gateway') === undefined) return {};
  return {
    reloadWindow: secondsFact(
      'shutdown.drainTimeout',
      { places: [[proxies, 'shutdown', 'drainTimeout']], otherwise: gatewayDefaults.drainSeconds },
      durationSeconds,
      false,
    ),
    logsQuery: logsQuery(at(proxies, 'telemetry', 'accessLog')),
  };
}

/** Any part of a request that has the query in it. */
const leaks = /%(?:REQ\((?:X-ENVOY-ORIGINAL-PATH\?)?:PATH\)|PATH\(WQ|QUERY_PARAM)/;

function logsQuery(accessLog: unknown): Fact<boolean> {
  if (at(accessLog, 'disable') === true) return { value: false, setting: 'accessLog.disable: true' };
  const formats = itemsAt(accessLog, 'settings').map((one) => JSON.stringify(at(one, 'format') ?? {}));
  if (formats.length === 0) return { value: true, setting: 'accessLog: not set (default)' };
  const leaking = formats.find((format) => format === '{}' || leaks.test(format));
  return leaking === undefined
    ? { value: false, setting: 'accessLog.settings' }
    : { value: true, setting: `accessLog.settings: ${leaking}` };
}
