import { type Fact, type Hop, poolIdleSeconds, type Stickiness, type StreamPolicy } from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace, type Grammar } from './edge/edge.ts';
import { secondsFact } from './edge/facts.ts';
import { noStickiness } from './edge/limits.ts';
import { at, type Manifest, ofKind } from './edge/manifest.ts';
import { affinityIs, type Migration, noLimits } from './edge/migration.ts';
import { object, serviceAnnotations } from './edge/objects.ts';
import { itemsAt } from './edge/routes.ts';
import { type Line, line, list, type Mapping, map } from './edge/tree.ts';
import { setting } from './settings.ts';

const prefix = 'projectcontour.io/';
const project = 'projectcontour/contour';

/** Envoy's, where neither route nor Service says anything (apis/projectcontour/v1/httpproxy.go; docs/config/annotations). */
const defaults = { responseSeconds: 15, idleSeconds: 300, poolSeconds: 3600, breaker: 1024, http2Streams: 1024 };

/** Circuit breakers, by the annotation of the Service that says them. */
const breakers = ['max-connections', 'max-pending-requests', 'max-requests', 'max-retries'] as const;

/** The largest number that is read: none. */
const unlimited = '4294967295';

const manifests = (policy: StreamPolicy, place: EdgePlace): readonly Mapping[] => [
  object({
    apiVersion: 'projectcontour.io/v1',
    kind: 'HTTPProxy',
    place,
    spec: map(
      line('ingressClassName', place.className ?? 'contour'),
      line(
        'virtualhost',
        map(
          line('fqdn', place.host),
          place.tlsSecret !== undefined &&
            line(
              'tls',
              map(line('secretName', place.tlsSecret)),
              'HTTP/2 comes with TLS: without it a browser has six streams for all its tabs',
            ),
        ),
      ),
      line('routes', list(route(policy, place))),
    ),
  }),
  serviceAnnotations(place, annotations()),
];

const route = (policy: StreamPolicy, { name, port }: EdgePlace): Mapping =>
  map(
    line('conditions', list(map(line('prefix', '/')))),
    line('services', list(map(line('name', name), line('port', port)))),
    line('enableWebsockets', true, 'the fallback over WebSocket; off by default'),
    line(
      'timeoutPolicy',
      map(
        line(
          'response',
          'infinity',
          'none: it runs from the request to the last byte, and is 15 s in Envoy unless something is said here',
        ),
        line('idle', `${policy.idleSeconds}s`, 'silence for longer cuts the stream; heartbeats keep it away', [
          'idleSeconds',
        ]),
        line(
          'idleConnection',
          `${poolIdleSeconds(policy)}s`,
          'idle connections are closed before the service does it, or a reconnect meets a closing socket; the default is an hour',
          ['idleSeconds'],
        ),
      ),
    ),
    line(
      'retryPolicy',
      map(line('count', 2), line('retryOn', list('connect-failure', 'refused-stream'))),
      'before its first byte a request may go to another replica, if it cannot have arrived',
    ),
    line(
      'loadBalancerPolicy',
      map(line('strategy', 'WeightedLeastRequest')),
      'an open stream is an open request: of two replicas drawn at random, the one with fewer gets the next',
    ),
  );

const annotations = (): readonly Line[] =>
  breakers.map((key, index) =>
    line(
      `${prefix}${key}`,
      unlimited,
      index === 0
        ? 'none: circuit breakers count for all replicas together, by default 1024, and answer the next stream with 503. The service knows how many it holds, and admits them'
        : undefined,
    ),
  );

const grammar: Grammar = {
  accepts: /^\d{1,10}$/,
  says: 'a whole number up to 4294967295',
  source: `${project}:internal/annotation/annotations.go, ParseUint32, v1.33`,
};

const sticky = { lost: 'strategy Cookie has no end: it would bind clients for longer than a stream may live' };
const snippet = { lost: 'there is no configuration to add to' };

const migration: Migration = {
  'proxy-buffering': { unneeded: 'responses are never held back' },
  'proxy-request-buffering': { unneeded: 'request bodies are never held back' },
  'proxy-read-timeout': {
    now: 'HTTPProxy timeoutPolicy.idle, beside timeoutPolicy.response "infinity": without that a stream ends after 15 s',
  },
  'proxy-send-timeout': { now: 'HTTPProxy timeoutPolicy.idle, which counts both directions' },
  'proxy-connect-timeout': { now: 'ContourConfiguration timeouts.connectTimeout, for the whole controller' },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service' },
  'proxy-next-upstream': { now: 'HTTPProxy retryPolicy' },
  'proxy-body-size': { unneeded: 'no limit; the service has one' },
  ...affinityIs(sticky),
  'load-balance': { now: 'HTTPProxy loadBalancerPolicy.strategy' },
  'upstream-hash-by': { now: 'HTTPProxy loadBalancerPolicy.requestHashPolicies' },
  ...noLimits,
  'enable-access-log': { lost: 'ContourConfiguration accessLogLevel, for the whole controller' },
  'custom-http-errors': { lost: 'there are no error pages' },
  'configuration-snippet': snippet,
  'server-snippet': snippet,
  'ssl-redirect': { unneeded: 'an HTTPProxy with TLS redirects unless permitInsecure says otherwise' },
};

/**
 * Contour: its own HTTPProxy, not an HTTPRoute, which would leave idle timers, retries and the choice of the replica
 * without a place.
 */
export const contour = defineEdge({
  id: 'contour',
  title: 'Contour',
  coverage: edgeCoverage({
    idleSeconds: { as: 'timeoutPolicy.idle, timeoutPolicy.idleConnection' },
    maxStreams: { because: 'circuit breakers are lifted entirely; the service admits' },
    maxStreamsPerUser: { because: "Envoy's default for requests per HTTP/2 connection is above what a user may have" },
    keepAliveSeconds: { because: 'idleConnection is idleSeconds, which the policy keeps below it' },
    stickiness: { because: 'its cookie has no end; see the limit' },
  }),
  limits: [
    noStickiness(
      {
        id: 'contour',
        title: 'Contour',
        source: `${project}:internal/dag/policy.go, v1.33: X-Contour-Session-Affinity has a TTL of 0`,
      },
      'its cookie has no end that could be set, and would bind clients for longer than a stream may live',
    ),
  ],
  minimumVersions: [{ of: 'Contour', version: '1.25', because: 'timeoutPolicy.idleConnection' }],
  grammar: Object.fromEntries(breakers.map((key) => [`${prefix}${key}`, grammar])),
  controller: () => [
    setting(
      'terminationGracePeriodSeconds of the Envoy pods',
      300,
      'the default: the shutdown manager waits in preStop until their streams have ended, and is killed with them after this time. It has to be longer than propagationSeconds + drainSeconds',
    ),
    setting(
      'accessLogFormatString',
      '[%START_TIME%] %REQ(:METHOD)% %REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE%…',
      'the default logs the query, and with it the tokens in it',
    ),
  ],
  migration,
  manifests,
  read: ({ manifests: given }) => readContour(given),
});

const none = Number.POSITIVE_INFINITY;

/** A duration of Go, or the words for none; `undefined` for what Contour would refuse. */
function contourSeconds(text: unknown): number | undefined {
  if (text === 'infinity' || text === 'infinite') return none;
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
  if (typeof text !== 'string' || !/^(?:\d+(?:\.\d*)?(?:h|m|s|ms|us|µs|ns))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d*)?)(ms|us|µs|ns|h|m|s)/g)].reduce(
    (sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 1),
    0,
  );
}

function readContour(given: readonly Manifest[]): Hop {
  const routeOfStreams = streamRoute(given);
  const timeouts = at(routeOfStreams, 'timeoutPolicy');
  const service = given.find(
    ({ kind, metadata }) => kind === 'Service' && metadata.name === at(routeOfStreams, 'services', 0, 'name'),
  );
  const timer = (key: string, otherwise: number): Fact<number> =>
    secondsFact(`timeoutPolicy.${key}`, { places: [[timeouts, key]], otherwise }, contourSeconds);
  return {
    target: 'contour',
    idleTimers: [timer('idle', defaults.idleSeconds)],
    durationCaps: [timer('response', defaults.responseSeconds)],
    poolIdle: timer('idleConnection', defaults.poolSeconds),
    streamLimit: streamLimit(service?.metadata.annotations ?? {}),
    streamsPerConnection: { value: defaults.http2Streams, setting: 'max_concurrent_streams: 1024 (default of Envoy)' },
    stickiness: stickiness(at(routeOfStreams, 'loadBalancerPolicy', 'strategy')),
  };
}

/** The route with the longest prefix of the streams' path; conditions on headers cannot be known from here. */
function streamRoute(given: readonly Manifest[], path = '/events'): unknown {
  const prefixOf = (one: unknown): string =>
    itemsAt(one, 'conditions')
      .map((condition) => String(at(condition, 'prefix') ?? at(condition, 'exact') ?? ''))
      .join('') || '/';
  return itemsAt(ofKind(given, 'HTTPProxy')?.spec, 'routes')
    .filter((one) => itemsAt(one, 'conditions').every((condition) => at(condition, 'header') === undefined))
    .filter((one) => path === prefixOf(one) || path.startsWith(prefixOf(one).replace(/\/?$/, '/')))
    .sort((a, b) => prefixOf(b).length - prefixOf(a).length)[0];
}

function streamLimit(given: Readonly<Record<string, string>>): Fact<number> {
  const facts = (['max-connections', 'max-requests'] as const).map((key) => {
    const text = given[`${prefix}${key}`];
    const value = text !== undefined && grammar.accepts.test(text) ? Number(text) : 0;
    // zero and what cannot be read leave the default
    return { value: value || defaults.breaker, setting: `${prefix}${key}: ${text ?? `${defaults.breaker} (default)`}` };
  });
  return facts.reduce((least, one) => (one.value < least.value ? one : least));
}

const stickiness = (strategy: unknown): Fact<Stickiness | 'none'> => ({
  value: strategy === 'Cookie' ? { cookie: 'X-Contour-Session-Affinity', seconds: none } : 'none',
  setting: `loadBalancerPolicy.strategy: ${strategy ?? 'RoundRobin (default)'}`,
});
