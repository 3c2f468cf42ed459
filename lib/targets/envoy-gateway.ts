import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge } from './edge/edge.ts';
import { http2Limit } from './edge/limits.ts';
import { type Migration, noLimits } from './edge/migration.ts';
import { envoyGatewayManifests } from './envoy-gateway/manifests.ts';
import { readEnvoyGateway } from './envoy-gateway/read.ts';

const patch = { lost: 'EnvoyPatchPolicy, off by default; nothing here needs one' };
const cookie = 'BackendTrafficPolicy loadBalancer.consistentHash.cookie';

const migration: Migration = {
  'proxy-buffering': { unneeded: 'responses are never held back' },
  'proxy-request-buffering': { unneeded: 'off unless requestBuffer asks for it' },
  'proxy-read-timeout': {
    now: 'BackendTrafficPolicy timeout.http.streamIdleTimeout, beside timeouts.request "0s" in the HTTPRoute: without that a stream ends after 15 s',
  },
  'proxy-send-timeout': { now: 'BackendTrafficPolicy timeout.http.streamIdleTimeout, which counts both directions' },
  'proxy-connect-timeout': { now: 'BackendTrafficPolicy timeout.tcp.connectTimeout' },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service' },
  'proxy-next-upstream': { now: 'BackendTrafficPolicy retry' },
  'proxy-body-size': { unneeded: 'no limit; the service has one' },
  affinity: { now: 'BackendTrafficPolicy loadBalancer.type ConsistentHash' },
  'affinity-mode': { lost: 'consistent hashing only: a new replica takes its share of the clients, as "balanced" did' },
  'session-cookie-name': { now: `${cookie}.name` },
  'session-cookie-max-age': { now: `${cookie}.ttl` },
  'session-cookie-expires': { now: `${cookie}.ttl` },
  'session-cookie-change-on-failure': { unneeded: 'a client of a failed replica is given another one' },
  'load-balance': { now: 'BackendTrafficPolicy loadBalancer.type; not together with a cookie' },
  'upstream-hash-by': { now: 'BackendTrafficPolicy loadBalancer.consistentHash: Header or SourceIP' },
  ...noLimits,
  'enable-access-log': { now: 'EnvoyProxy telemetry.accessLog, for the whole Gateway' },
  'custom-http-errors': { now: 'BackendTrafficPolicy responseOverride, with a status and a body' },
  'configuration-snippet': patch,
  'server-snippet': patch,
  'ssl-redirect': { now: 'HTTPRoute filter RequestRedirect, on a listener for port 80' },
};

/** Envoy Gateway: Gateway API, with what it lacks in policies of its own. */
export const envoyGateway = defineEdge({
  id: 'envoy-gateway',
  title: 'Envoy Gateway',
  coverage: edgeCoverage({
    idleSeconds: { as: 'timeout.http.streamIdleTimeout, timeout.http.connectionIdleTimeout' },
    maxStreamAgeSeconds: { because: 'timeouts.request and maxStreamDuration are 0s: no duration cap' },
    maxStreamAgeJitter: { because: 'as maxStreamAgeSeconds' },
    retryMs: { as: 'responseOverride: retry' },
    retryJitter: { as: 'responseOverride: retry' },
    propagationSeconds: { as: 'EnvoyProxy shutdown.drainTimeout' },
    drainSeconds: { as: 'EnvoyProxy shutdown.drainTimeout' },
    maxStreams: { because: 'circuit breakers are lifted entirely; the service admits' },
    maxStreamsPerUser: { because: 'the default of http2.maxConcurrentStreams is enough; see the limit' },
    keepAliveSeconds: { because: 'connectionIdleTimeout is idleSeconds, which the policy keeps below it' },
    stickiness: { as: 'loadBalancer.consistentHash.cookie' },
  }),
  limits: [
    http2Limit(
      {
        id: 'envoy-gateway',
        title: 'Envoy Gateway',
        source: 'envoyproxy/gateway:api/v1alpha1 HTTP2Settings, v1.9: maxConcurrentStreams 100',
      },
      100,
    ),
  ],
  minimumVersions: [
    { of: 'Envoy Gateway', version: '1.8.0', because: 'streamIdleTimeout of a BackendTrafficPolicy' },
    { of: 'Gateway API', version: '1.2', because: 'timeouts in the standard channel' },
  ],
  grammar: {},
  controller: () => [],
  migration,
  manifests: envoyGatewayManifests,
  read: ({ manifests }) => readEnvoyGateway(manifests),
});
