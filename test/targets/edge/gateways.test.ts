import { definePolicy, type Hop } from '../../../lib/policy/index.ts';
import { at, type Manifest } from '../../../lib/targets/edge/manifest.ts';
import { itemsAt } from '../../../lib/targets/edge/routes.ts';
import { examplePolicy } from '../../../lib/targets/expressible.ts';
import { type EdgeId, edges } from '../../../lib/targets/index.ts';

/** The edges whose configuration is objects, not annotations of an Ingress. */
const gateways = (
  [
    'envoy-gateway',
    'nginx-gateway-fabric',
    'istio',
    'gke-gateway',
    'contour',
    'kong',
  ] as const satisfies readonly EdgeId[]
).map((id) => [id, edges[id]] as const);

/** A hop as one line per fact. */
const factsOf = (hop: Hop): readonly string[] =>
  Object.entries(hop).flatMap(([name, fact]) =>
    name === 'target'
      ? []
      : [fact]
          .flat()
          .map(
            (one) =>
              `${name}: ${one.value === Number.POSITIVE_INFINITY ? 'none' : JSON.stringify(one.value)} by ${one.setting.replace(/\s+/g, ' ')}`,
          ),
  );

/** The kinds of an edge's objects, in the order they are written. */
const kindsOf = (manifests: readonly Manifest[]): string => manifests.map(({ kind }) => kind).join(', ');

const place = { name: 'events', host: 'events.test', port: 80 };

test('what they render does this to streams', () => {
  const facts = gateways.map(([id, edge]) => [id, factsOf(edge.hop(examplePolicy(edge)))]);

  expect(Object.fromEntries(facts)).toMatchInlineSnapshot(`
{
  "contour": [
    "idleTimers: 60 by timeoutPolicy.idle: 60s",
    "durationCaps: none by timeoutPolicy.response: infinity",
    "poolIdle: 60 by timeoutPolicy.idleConnection: 60s",
    "streamLimit: 4294967295 by projectcontour.io/max-connections: 4294967295",
    "streamsPerConnection: 1024 by max_concurrent_streams: 1024 (default of Envoy)",
    "stickiness: "none" by loadBalancerPolicy.strategy: WeightedLeastRequest",
  ],
  "envoy-gateway": [
    "idleTimers: 60 by timeout.http.streamIdleTimeout: 60s",
    "durationCaps: none by timeouts.request: 0s",
    "poolIdle: 60 by timeout.http.connectionIdleTimeout: 60s",
    "streamLimit: 4294967295 by circuitBreaker.maxConnections: 4294967295",
    "streamsPerConnection: 100 by http2.maxConcurrentStreams: 100 (default)",
    "stickiness: {"cookie":"SSEKIT","seconds":3600} by consistentHash.cookie.ttl: 3600s",
    "refusals: "soft" by responseOverride",
    "reloadWindow: 45 by shutdown.drainTimeout: 45s",
    "logsQuery: false by accessLog.settings",
  ],
  "gke-gateway": [
    "durationCaps: 3990 by timeoutSec: 3990",
    "poolIdle: 600 by backend keepalive: 600 s (fixed)",
    "stickiness: {"cookie":"GCLB","seconds":3600} by sessionAffinity.cookieTtlSec: 3600",
    "reloadWindow: 45 by connectionDraining.drainingTimeoutSec: 45",
    "logsQuery: false by logging.enabled: false",
  ],
  "istio": [
    "idleTimers: none by stream_idle_timeout: 0s (set by Istio)",
    "durationCaps: none by timeouts.request: 0s",
    "poolIdle: 60 by connectionPool.http.idleTimeout: 60s",
    "streamLimit: 4294967295 by connectionPool.tcp.maxConnections: 4294967295 (default)",
    "streamsPerConnection: 1024 by max_concurrent_streams: 1024 (default of Envoy)",
    "stickiness: {"cookie":"SSEKIT","seconds":3600} by httpCookie.ttl: 3600s",
    "reloadWindow: 45 by terminationDrainDuration: 45s",
  ],
  "kong": [
    "idleTimers: 60 by konghq.com/read-timeout: 60000",
    "buffering: false by konghq.com/response-buffering: false",
    "poolIdle: 60 by upstream_keepalive_idle_timeout: 60 (default)",
    "streamsPerConnection: 128 by http2_max_concurrent_streams 128 (default of nginx)",
    "stickiness: "none" by KongUpstreamPolicy algorithm: least-connections",
  ],
  "nginx-gateway-fabric": [
    "idleTimers: 60 by timeout.read: 60s",
    "buffering: false by buffering.disable: true",
    "poolIdle: 60 by keepAlive.timeout: 60s",
    "streamsPerConnection: 128 by http2_max_concurrent_streams 128 (default of nginx)",
    "stickiness: "none" by loadBalancingMethod: least_conn",
    "reloadWindow: none by worker_shutdown_timeout: not set",
    "streamLimit: 32767 by workerConnections: 65535",
    "logsQuery: false by accessLog.format: $remote_addr [$time_local] $request_method $uri $status $body_bytes_sent $request_time $upstream_addr",
  ],
}
`);
});

test('they are made of these objects', () => {
  const kinds = gateways.map(([id, edge]) => [id, kindsOf(edge.render(examplePolicy(edge)).manifests)]);

  expect(Object.fromEntries(kinds)).toMatchInlineSnapshot(`
{
  "contour": "HTTPProxy, Service",
  "envoy-gateway": "EnvoyProxy, Gateway, HTTPRoute, HTTPRoute, BackendTrafficPolicy, BackendTrafficPolicy",
  "gke-gateway": "Gateway, HTTPRoute, GCPBackendPolicy, HealthCheckPolicy",
  "istio": "ConfigMap, Gateway, HTTPRoute, DestinationRule",
  "kong": "Ingress, Service, KongUpstreamPolicy",
  "nginx-gateway-fabric": "NginxProxy, Gateway, HTTPRoute, ProxySettingsPolicy, UpstreamSettingsPolicy",
}
`);
});

test.each(gateways)('with %s, a Gateway that is there already is used and nothing is made for it', (_, edge) => {
  const manifests = edge.manifestsFor(examplePolicy(edge), {
    ...place,
    gateway: { name: 'shared', namespace: 'edge' },
  });

  expect(kindsOf(manifests)).not.toContain('Gateway,');
  for (const route of manifests.filter(({ kind }) => kind === 'HTTPRoute'))
    expect(route.spec).toMatchObject({ parentRefs: [{ name: 'shared', namespace: 'edge' }] });
});

const choosing = gateways.filter(([id]) => id !== 'gke-gateway');

test.each(choosing)('with %s, streams go to the least busy replica where nobody is bound to one', (_, edge) => {
  const text = JSON.stringify(
    edge.render({ ...examplePolicy(edge), ...definePolicy({ ...examplePolicy(edge), stickiness: 'none' }) }),
  );

  expect(text).toMatch(/least/i);
});

test.each([
  ['envoy-gateway', '0s'],
  ['istio', '0s'],
  // reported as not supported there
  ['nginx-gateway-fabric', undefined],
  ['gke-gateway', undefined],
] as const)(
  'with %s, the timeout of each rule is %s: of streams, and of long polls, probes and WebSockets',
  (id, request) => {
    const { manifests } = edges[id].render(examplePolicy(edges[id]));
    const rules = manifests.filter(({ kind }) => kind === 'HTTPRoute').flatMap(({ spec }) => itemsAt(spec, 'rules'));

    expect(rules.map((rule) => at(rule, 'timeouts', 'request'))).toEqual(rules.map(() => request));
    expect(rules.length).toBeGreaterThan(0);
  },
);
