import { type Fact, type Hop, poolIdleSeconds, type Stickiness, type StreamPolicy } from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace } from './edge/edge.ts';
import { countFact, secondsFact } from './edge/facts.ts';
import { at, duration, durationSeconds, type Manifest, ofKind } from './edge/manifest.ts';
import { type Migration, noLimits } from './edge/migration.ts';
import { gateway, httpRoute, noRequestTimeout, object, routeRule } from './edge/objects.ts';
import { type RouteRule, servicesOf, streamRule } from './edge/routes.ts';
import { type Line, line, type Mapping, map } from './edge/tree.ts';
import { setting } from './settings.ts';

/** What Istio's proxies have where nothing is said (istio/api:networking/v1/destination_rule.proto, mesh/v1alpha1/proxy.proto, 1.30). */
const defaults = { poolSeconds: 3600, drainSeconds: 5, unlimited: 4_294_967_295, http2Streams: 1024 };

/** The service has a ConfigMap too. */
const ofProxies = '-proxies';

/** How long a proxy that is replaced carries its streams on. */
const proxyDrainSeconds = ({ propagationSeconds, drainSeconds }: StreamPolicy): number =>
  propagationSeconds + drainSeconds;

const manifests = (policy: StreamPolicy, place: EdgePlace): readonly Mapping[] => [
  ...(place.gateway === undefined ? [proxies(policy, place)] : []),
  ...gateway(place, 'istio', {
    group: '',
    kind: 'ConfigMap',
    suffix: ofProxies,
    why: 'how the proxies of this Gateway stop',
  }),
  httpRoute(place, [
    routeRule(
      place,
      noRequestTimeout('none, which is the default of Istio, said here so that no other edge behind this name has one'),
    ),
  ]),
  object({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    place,
    spec: map(
      line('host', place.name),
      line(
        'trafficPolicy',
        map(
          balancing(policy.stickiness),
          line(
            'connectionPool',
            map(
              line(
                'http',
                map(
                  line(
                    'idleTimeout',
                    duration(poolIdleSeconds(policy)),
                    'idle connections are closed before the service does it, or a reconnect meets a closing socket; the default is an hour. Circuit breakers stay as they are: Istio lifts them',
                    ['idleSeconds'],
                  ),
                ),
              ),
              line(
                'tcp',
                map(line('connectTimeout', '2s')),
                'a replica that is gone is given up before the client gives up; the default is 10 s. Two more are tried by default, before the first byte',
              ),
            ),
          ),
        ),
      ),
    ),
  }),
];

function balancing(stickiness: StreamPolicy['stickiness']): Line {
  if (stickiness === 'none')
    return line(
      'loadBalancer',
      map(line('simple', 'LEAST_REQUEST')),
      'an open stream is an open request: of two replicas drawn at random, the one with fewer gets the next',
    );
  return line(
    'loadBalancer',
    map(
      line(
        'consistentHash',
        map(
          line(
            'httpCookie',
            map(
              line('name', stickiness.cookie, 'the name of the cookie', ['stickiness']),
              line('path', '/'),
              line('ttl', duration(stickiness.seconds), 'not longer than a stream may live', ['stickiness']),
            ),
          ),
        ),
      ),
    ),
    'a client comes back to its replica while it is there. The cookie decides, not the number of open streams: with stickiness "none" it is the least busy replica',
  );
}

/** What the Deployment of the proxies is merged with: text, because it is YAML inside a ConfigMap. */
const proxies = (policy: StreamPolicy, place: EdgePlace): Mapping =>
  object({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    place,
    suffix: ofProxies,
    data: map(
      line(
        'deployment',
        [
          'spec:',
          '  template:',
          '    metadata:',
          '      annotations:',
          `        proxy.istio.io/config: "terminationDrainDuration: ${proxyDrainSeconds(policy)}s"`,
          '    spec:',
          `      terminationGracePeriodSeconds: ${proxyDrainSeconds(policy) + 10}`,
        ].join('\n'),
        'a proxy that is replaced carries its streams for as long as a replica takes to close its own, and is not killed before; by default it cuts them after 5 s',
        ['propagationSeconds', 'drainSeconds'],
      ),
    ),
  });

const filter = { lost: 'EnvoyFilter; nothing here needs one' };
const cookie = 'DestinationRule loadBalancer.consistentHash.httpCookie';

const migration: Migration = {
  'proxy-buffering': { unneeded: 'responses are never held back' },
  'proxy-request-buffering': { unneeded: 'request bodies are never held back' },
  'proxy-read-timeout': { unneeded: 'Istio switches the idle timer off; HTTPRoute timeouts.request stays "0s"' },
  'proxy-send-timeout': { unneeded: 'as proxy-read-timeout' },
  'proxy-connect-timeout': { now: 'DestinationRule connectionPool.tcp.connectTimeout' },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service' },
  'proxy-next-upstream': { unneeded: 'two retries by default, before the first byte' },
  'proxy-body-size': { unneeded: 'no limit; the service has one' },
  affinity: { now: 'DestinationRule loadBalancer.consistentHash' },
  'affinity-mode': { lost: 'consistent hashing only: a new replica takes its share of the clients, as "balanced" did' },
  'session-cookie-name': { now: `${cookie}.name` },
  'session-cookie-max-age': { now: `${cookie}.ttl` },
  'session-cookie-expires': { now: `${cookie}.ttl` },
  'session-cookie-change-on-failure': { unneeded: 'a client of a replica that is gone is given another one' },
  'load-balance': { now: 'DestinationRule loadBalancer.simple; not together with a cookie' },
  'upstream-hash-by': { now: 'DestinationRule loadBalancer.consistentHash: httpHeaderName or useSourceIp' },
  ...noLimits,
  'enable-access-log': { now: 'Telemetry accessLogging.disabled' },
  'custom-http-errors': filter,
  'configuration-snippet': filter,
  'server-snippet': filter,
  'ssl-redirect': { now: 'HTTPRoute filter RequestRedirect, on a listener for port 80' },
};

/** Istio as an edge: Gateway API, with a DestinationRule for what is between the proxies and the service. */
export const istio = defineEdge({
  id: 'istio',
  title: 'Istio',
  coverage: edgeCoverage({
    idleSeconds: { as: 'DestinationRule connectionPool.http.idleTimeout; streams have no idle timer' },
    retryMs: { because: 'a soft-fail of its own would need an EnvoyFilter, which no version promises to keep' },
    propagationSeconds: { as: 'terminationDrainDuration, terminationGracePeriodSeconds' },
    drainSeconds: { as: 'terminationDrainDuration, terminationGracePeriodSeconds' },
    maxStreams: { because: 'Istio lifts the circuit breakers entirely; the service admits' },
    maxStreamsPerUser: { because: "Envoy's default for requests per HTTP/2 connection is above what a user may have" },
    keepAliveSeconds: { because: 'connectionPool.http.idleTimeout is idleSeconds, which the policy keeps below it' },
    stickiness: { as: 'DestinationRule loadBalancer.consistentHash.httpCookie' },
  }),
  limits: [],
  minimumVersions: [
    {
      of: 'Istio',
      version: '1.26',
      because:
        'a ConfigMap in infrastructure.parametersRef, without which proxies cut streams 5 s after they are told to stop',
    },
    { of: 'Gateway API', version: '1.2', because: 'timeouts and infrastructure in the standard channel' },
  ],
  grammar: {},
  controller: () => [
    setting(
      'meshConfig.accessLogFormat',
      '[%START_TIME%] %REQ(:METHOD)% %REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE%…',
      'where there is an access log: the default format has the query, and with it the tokens in it',
    ),
  ],
  migration,
  manifests,
  read: ({ manifests: given }) => readIstio(given),
});

function readIstio(given: readonly Manifest[]): Hop {
  const rule = streamRule(given);
  const policy = at(destinationOf(given, rule)?.spec, 'trafficPolicy');
  return {
    target: 'istio',
    idleTimers: [{ value: Number.POSITIVE_INFINITY, setting: 'stream_idle_timeout: 0s (set by Istio)' }],
    durationCaps: durationCaps(rule, policy),
    poolIdle: secondsFact(
      'connectionPool.http.idleTimeout',
      { places: [[policy, 'connectionPool', 'http', 'idleTimeout']], otherwise: defaults.poolSeconds },
      durationSeconds,
    ),
    streamLimit: streamLimit(policy),
    streamsPerConnection: { value: defaults.http2Streams, setting: 'max_concurrent_streams: 1024 (default of Envoy)' },
    stickiness: stickiness(policy),
    ...drain(given),
  };
}

/** The rule whose host is one of the Services, by its short or its whole name. */
function destinationOf(given: readonly Manifest[], rule: RouteRule | undefined): Manifest | undefined {
  const services = servicesOf(rule);
  return given.find(
    ({ kind, spec }) => kind === 'DestinationRule' && services.includes(String(at(spec, 'host')).split('.')[0] ?? ''),
  );
}

/** Only what is set: Istio has none of its own. */
function durationCaps(rule: RouteRule | undefined, policy: unknown): readonly Fact<number>[] {
  const none = Number.POSITIVE_INFINITY;
  return (
    [
      ['timeouts.request', rule?.rule, 'timeouts', 'request'],
      ['timeouts.backendRequest', rule?.rule, 'timeouts', 'backendRequest'],
      ['connectionPool.tcp.maxConnectionDuration', policy, 'connectionPool', 'tcp', 'maxConnectionDuration'],
    ] as const
  )
    .map(([name, ...place]) => secondsFact(name, { places: [place], otherwise: none }, durationSeconds))
    .filter(({ value }, index) => index === 0 || value !== none);
}

function streamLimit(policy: unknown): Fact<number> {
  const connections = countFact('connectionPool.tcp.maxConnections', {
    places: [[policy, 'connectionPool', 'tcp', 'maxConnections']],
    otherwise: defaults.unlimited,
  });
  const requests = countFact('connectionPool.http.http2MaxRequests', {
    places: [[policy, 'connectionPool', 'http', 'http2MaxRequests']],
    otherwise: defaults.unlimited,
  });
  return connections.value <= requests.value ? connections : requests;
}

/** A ttl of zero is a cookie of the browser session. */
function stickiness(policy: unknown): Fact<Stickiness | 'none'> {
  const httpCookie = at(policy, 'loadBalancer', 'consistentHash', 'httpCookie');
  const name = at(httpCookie, 'name');
  if (typeof name !== 'string')
    return { value: 'none', setting: `loadBalancer.simple: ${at(policy, 'loadBalancer', 'simple') ?? 'not set'}` };
  const ttl = at(httpCookie, 'ttl');
  const seconds = durationSeconds(ttl) || Number.POSITIVE_INFINITY;
  return { value: { cookie: name, seconds }, setting: `httpCookie.ttl: ${ttl ?? '(not set)'}` };
}

/** Not known of a Gateway that is not among the manifests. */
function drain(given: readonly Manifest[]): Pick<Hop, 'reloadWindow'> {
  const configured = given.map((one) => JSON.stringify(one)).find((text) => text.includes('terminationDrainDuration'));
  if (configured === undefined && ofKind(given, 'Gateway') === undefined) return {};
  const [, text] = /terminationDrainDuration\W+(\w+)/.exec(configured ?? '') ?? [];
  return {
    reloadWindow: secondsFact(
      'terminationDrainDuration',
      { places: [[{ text }, 'text']], otherwise: defaults.drainSeconds },
      durationSeconds,
      false,
    ),
  };
}
