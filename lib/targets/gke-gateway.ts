import {
  durationCapSeconds,
  type Fact,
  type Hop,
  type PolicyRule,
  policyRule,
  type Stickiness,
  type StreamPolicy,
} from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace } from './edge/edge.ts';
import { countFact } from './edge/facts.ts';
import { poolLimit } from './edge/limits.ts';
import { at, type Manifest } from './edge/manifest.ts';
import { type Migration, noLimits } from './edge/migration.ts';
import { gateway, httpRoute, object, targetRef, untimedRule } from './edge/objects.ts';
import { attached, servicesOf, streamRule } from './edge/routes.ts';
import { line, type Mapping, map } from './edge/tree.ts';

const apiVersion = 'networking.gke.io/v1';
const project = 'GoogleCloudPlatform/gke-gateway-api';

/** Idle connections towards the service, fixed (docs.cloud.google.com/load-balancing/docs/https/request-distribution). */
const poolSeconds = 600;

/** connectionDraining.drainingTimeoutSec at most (config/crd/networking.gke.io_gcpbackendpolicies.yaml). */
const longestDrain = 3600;

const drainLimit: PolicyRule = policyRule({
  id: 'gke-gateway-draining-timeout',
  why: 'streams of a stopping replica are cut at the end of it',
  source: `${project}:config/crd/networking.gke.io_gcpbackendpolicies.yaml: drainingTimeoutSec 0 to 3600`,
  fields: ['propagationSeconds', 'drainSeconds'],
  broken: ({ propagationSeconds, drainSeconds }) => {
    if (propagationSeconds + drainSeconds <= longestDrain) return false;
    const [field, other] =
      drainSeconds >= propagationSeconds
        ? (['drainSeconds', propagationSeconds] as const)
        : (['propagationSeconds', drainSeconds] as const);
    return `propagationSeconds (${propagationSeconds}) + drainSeconds (${drainSeconds}) must be at most ${longestDrain}, the longest connection draining of a GCPBackendPolicy; lower ${field} to ${longestDrain - other}`;
  },
});

const manifests = (policy: StreamPolicy, place: EdgePlace): readonly Mapping[] => [
  ...gateway(place, 'gke-l7-global-external-managed'),
  httpRoute(place, [
    untimedRule(
      place,
      'without timeouts: they are not supported. The limit on age is timeoutSec of the GCPBackendPolicy',
    ),
  ]),
  object({
    apiVersion,
    kind: 'GCPBackendPolicy',
    place,
    spec: map(
      line(
        'default',
        map(
          line(
            'timeoutSec',
            durationCapSeconds(policy),
            'a limit on age, whatever flows, and 30 s by default. It cannot be switched off: the service ends its streams before',
            ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
          ),
          line(
            'connectionDraining',
            map(
              line(
                'drainingTimeoutSec',
                policy.propagationSeconds + policy.drainSeconds,
                'a replica that leaves keeps its streams until it has closed them one by one; by default they are cut at once',
                ['propagationSeconds', 'drainSeconds'],
              ),
            ),
          ),
          ...affinity(policy.stickiness),
          line(
            'logging',
            map(line('enabled', false)),
            'the default, said here because its log has the whole address, and with it the tokens in it',
          ),
        ),
      ),
      line('targetRef', targetRef(place, 'Service')),
    ),
  }),
  object({
    apiVersion,
    kind: 'HealthCheckPolicy',
    place,
    spec: map(
      line(
        'default',
        map(
          line('checkIntervalSec', 5),
          line('timeoutSec', 5),
          line('healthyThreshold', 1),
          line('unhealthyThreshold', 2),
          line(
            'config',
            map(
              line('type', 'HTTP'),
              line(
                'httpHealthCheck',
                map(
                  line('portSpecification', 'USE_SERVING_PORT'),
                  line(
                    'requestPath',
                    '/readyz',
                    'a draining replica says here that it is not ready: it gets no new streams, and keeps those it has. The default is "/"',
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
      line('targetRef', targetRef(place, 'Service')),
    ),
  }),
];

function affinity(stickiness: StreamPolicy['stickiness']) {
  if (stickiness === 'none') return [];
  return [
    line(
      'sessionAffinity',
      map(
        line('type', 'GENERATED_COOKIE'),
        line('cookieTtlSec', stickiness.seconds, 'not longer than a stream may live', ['stickiness']),
      ),
      'a client comes back to its replica while it is there; the name of the cookie, GCLB, is given',
    ),
  ];
}

const cookieName = { lost: 'the cookie is called GCLB' };
const snippet = { lost: 'there is no configuration to add to' };
const ttl = { now: 'GCPBackendPolicy sessionAffinity.cookieTtlSec' };

const migration: Migration = {
  'proxy-buffering': { unneeded: 'responses are never held back' },
  'proxy-request-buffering': { unneeded: 'request bodies are never held back' },
  'proxy-read-timeout': {
    now: 'GCPBackendPolicy timeoutSec, which is something else: a limit on age, whatever flows. It has to be above the age of a stream, not above its silence',
  },
  'proxy-send-timeout': { unneeded: 'part of timeoutSec' },
  'proxy-connect-timeout': { lost: 'it is fixed' },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service, with connections kept for 600 s' },
  'proxy-next-upstream': { unneeded: 'a request that reached no replica is sent to another one' },
  'proxy-body-size': { unneeded: 'no limit; the service has one' },
  affinity: { now: 'GCPBackendPolicy sessionAffinity.type' },
  'affinity-mode': { lost: 'a cookie names its replica until that is gone, as "persistent" did' },
  'session-cookie-name': cookieName,
  'session-cookie-max-age': ttl,
  'session-cookie-expires': ttl,
  'session-cookie-change-on-failure': { unneeded: 'a client of a replica that is not healthy is given another one' },
  'load-balance': {
    lost: 'replicas are asked in turn, and nothing of the Gateway changes that (GCPTrafficDistributionPolicy is for the mesh): they even out as streams end by their age',
  },
  'upstream-hash-by': { now: 'GCPBackendPolicy sessionAffinity.type: CLIENT_IP' },
  ...noLimits,
  'enable-access-log': { now: 'GCPBackendPolicy logging.enabled; off by default' },
  'custom-http-errors': { lost: 'error pages are not part of the Gateway API' },
  'configuration-snippet': snippet,
  'server-snippet': snippet,
  'ssl-redirect': { now: 'HTTPRoute filter RequestRedirect, on a listener for port 80' },
};

/** The GKE Gateway controller: a load balancer of Google Cloud, whose backends are the pods. */
export const gkeGateway = defineEdge({
  id: 'gke-gateway',
  title: 'GKE Gateway',
  coverage: edgeCoverage({
    idleSeconds: { because: 'no idle timer on the response; timeoutSec counts age' },
    maxStreamAgeSeconds: { as: 'GCPBackendPolicy timeoutSec' },
    maxStreamAgeJitter: { as: 'GCPBackendPolicy timeoutSec' },
    propagationSeconds: { as: 'GCPBackendPolicy connectionDraining.drainingTimeoutSec' },
    drainSeconds: { as: 'GCPBackendPolicy connectionDraining.drainingTimeoutSec' },
    maxStreams: { because: 'no limit on concurrent streams; maxRatePerEndpoint counts new requests only' },
    maxStreamsPerUser: { because: 'requests per HTTP/2 connection are not to be set, and no limit is documented' },
    keepAliveSeconds: { because: `idle connections are kept for ${poolSeconds} s, fixed; see the limit` },
    stickiness: { as: 'GCPBackendPolicy sessionAffinity.cookieTtlSec' },
  }),
  limits: [
    poolLimit(
      {
        id: 'gke-gateway',
        title: 'GKE Gateway',
        source:
          'docs.cloud.google.com/load-balancing/docs/https/request-distribution: backend keepalive fixed at 600 s',
      },
      poolSeconds,
    ),
    drainLimit,
  ],
  minimumVersions: [
    { of: 'GKE', version: '1.26', because: 'the Gateway controller, in Autopilot too, with its policies as v1' },
  ],
  grammar: {},
  controller: () => [],
  migration,
  manifests,
  read: ({ manifests: given }) => readGke(given),
});

function readGke(given: readonly Manifest[]): Hop {
  const services = ['Service', ...servicesOf(streamRule(given))] as const;
  const backend = at(attached(given, 'GCPBackendPolicy', services)?.spec, 'default');
  const logs = at(backend, 'logging', 'enabled') === true;
  return {
    target: 'gke-gateway',
    durationCaps: [countFact('timeoutSec', { places: [[backend, 'timeoutSec']], otherwise: 30 })],
    poolIdle: { value: poolSeconds, setting: `backend keepalive: ${poolSeconds} s (fixed)` },
    stickiness: stickiness(at(backend, 'sessionAffinity')),
    reloadWindow: countFact('connectionDraining.drainingTimeoutSec', {
      places: [[backend, 'connectionDraining', 'drainingTimeoutSec']],
      otherwise: 0,
    }),
    logsQuery: { value: logs, setting: `logging.enabled: ${logs}` },
  };
}

/** Zero is a cookie of the browser session. */
function stickiness(affinityOf: unknown): Fact<Stickiness | 'none'> {
  const type = at(affinityOf, 'type') ?? 'NONE';
  if (type !== 'GENERATED_COOKIE' && type !== 'HTTP_COOKIE')
    return { value: 'none', setting: `sessionAffinity.type: ${type}` };
  const seconds = at(affinityOf, 'cookieTtlSec');
  return {
    value: { cookie: 'GCLB', seconds: typeof seconds === 'number' && seconds > 0 ? seconds : Number.POSITIVE_INFINITY },
    setting: `sessionAffinity.cookieTtlSec: ${seconds ?? '(not set)'}`,
  };
}
