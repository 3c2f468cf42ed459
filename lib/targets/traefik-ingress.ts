import { graceSeconds, poolIdleSeconds, type Stickiness, type StreamPolicy } from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace } from './edge/edge.ts';
import { http2Limit } from './edge/limits.ts';
import type { Migration } from './edge/migration.ts';
import { everyReplica, object } from './edge/objects.ts';
import { type Line, line, list, type Mapping, map } from './edge/tree.ts';
import { setting } from './settings.ts';
import { dynamicPart } from './traefik/manifests.ts';
import { readRoute } from './traefik/read.ts';
import {
  dialTimeout,
  idlePerHost,
  outageStatuses,
  retry,
  strategy,
  streamRule,
  whyDialTimeout,
  whyIdleConnTimeout,
  whyIdlePerHost,
  whyNoCompress,
  whyStrategy,
} from './traefik/values.ts';

const id = 'traefik-ingress';
const apiVersion = 'traefik.io/v1alpha1';

/** Requests per HTTP/2 connection where nothing is said (traefik/traefik:pkg/config/static/entrypoints.go, v3.7). */
const http2Streams = 250;

/**
 * The resources of Traefik and not an Ingress with annotations: a misspelt field is refused by the API where a misspelt
 * annotation is ignored in silence, and no annotation chooses the strategy, bounds the pool or fails over.
 */
function manifests(policy: StreamPolicy, place: EdgePlace): readonly Mapping[] {
  const annotations =
    place.className === undefined
      ? []
      : [line('kubernetes.io/ingress.class', place.className, 'which Traefik reads it')];
  const ours = (kind: string, spec: Mapping): Mapping => object({ apiVersion, kind, place, annotations, spec });
  const replicas = everyReplica(place);
  return [
    ours('IngressRoute', routes(policy, place)),
    ours('TraefikService', softly(policy, place, replicas.name)),
    replicas.service,
    ours('Middleware', nextReplica),
    ours('ServersTransport', transport(policy)),
  ];
}

/** Of routes that fit, Traefik takes the one with the longest rule. */
const routes = (policy: StreamPolicy, place: EdgePlace): Mapping =>
  map(
    line('entryPoints', list(place.tlsSecret === undefined ? 'web' : 'websecure')),
    line(
      'routes',
      list(
        route(
          place,
          ` && ${streamRule}`,
          map(line('kind', 'TraefikService'), line('name', place.name)),
          `streams for those that ask for them by name, as EventSource does: they are refused softly. ${whyNoCompress}`,
        ),
        route(
          place,
          '',
          ready(policy, place),
          'publishing, the page, long polls, WebSockets, and streams for clients that are no EventSource',
        ),
      ),
    ),
    place.tlsSecret !== undefined &&
      line(
        'tls',
        map(line('secretName', place.tlsSecret)),
        'HTTP/2 comes with TLS: without it a browser has six streams for all its tabs',
      ),
  );

const route = ({ host, name }: EdgePlace, more: string, service: Mapping, why: string): Mapping =>
  map(
    line('match', `Host(\`${host}\`)${more}`, why),
    line('kind', 'Rule'),
    line('middlewares', list(map(line('name', name)))),
    line('services', list(service)),
  );

/** The request itself is repeated, so that the refusal is that of a replica, with the retry it draws for this client. */
const softly = (policy: StreamPolicy, place: EdgePlace, anyReplica: string): Mapping =>
  map(
    line(
      'failover',
      map(
        line('service', ready(policy, place)),
        line(
          'fallback',
          balancer(place, anyReplica),
          'when none of them answers: a replica that is not ready says 200 and a retry:, because any other status ends an EventSource for good',
        ),
        line('errors', map(line('status', list(outageStatuses)))),
      ),
    ),
  );

const ready = ({ stickiness }: StreamPolicy, place: EdgePlace): Mapping =>
  balancer(place, place.name, stickiness !== 'none' && line('sticky', map(cookie(stickiness))));

const balancer = (
  { name: transportName, port }: EdgePlace,
  name: string,
  ...more: readonly (Line | false)[]
): Mapping =>
  map(
    line('name', name),
    line('port', port),
    line('strategy', strategy, whyStrategy),
    line('serversTransport', transportName),
    ...more,
  );

const cookie = ({ cookie: name, seconds }: Stickiness) =>
  line(
    'cookie',
    map(
      line('name', name),
      line('maxAge', seconds, 'not longer than a stream may live; 0 would be for ever', ['stickiness']),
      line('httpOnly', true),
    ),
    'a client comes back to its replica while it is there, whose memory answers its resume',
    ['stickiness'],
  );

const nextReplica = map(
  line(
    'retry',
    map(line('attempts', retry.attempts), line('initialInterval', retry.initialInterval)),
    'a refused connection goes to another replica. A cookie leads back to the one that is gone until the cluster knows, so the attempts take longer than that. Nothing is repeated once a response has begun',
  ),
);

const transport = (policy: StreamPolicy): Mapping =>
  map(
    line(
      'forwardingTimeouts',
      map(
        line('dialTimeout', dialTimeout, whyDialTimeout),
        line('idleConnTimeout', `${poolIdleSeconds(policy)}s`, whyIdleConnTimeout, ['idleSeconds']),
      ),
    ),
    line('maxIdleConnsPerHost', idlePerHost, whyIdlePerHost),
  );

const limited = {
  unneeded: 'inFlightReq and rateLimit answer 429, which ends an EventSource: the service admits streams',
};
const snippet = { lost: 'there is no configuration to add to; Middlewares do what snippets are mostly used for' };

const migration: Migration = {
  'proxy-buffering': { unneeded: 'event streams are flushed write by write; leave the buffering Middleware away' },
  'proxy-request-buffering': { unneeded: 'off without the buffering Middleware' },
  'proxy-read-timeout': { unneeded: 'no idle timer on responses; respondingTimeouts.writeTimeout must stay 0' },
  'proxy-send-timeout': { unneeded: 'no idle timer towards the service' },
  'proxy-connect-timeout': { now: 'ServersTransport: forwardingTimeouts.dialTimeout' },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service, with connections kept' },
  'proxy-next-upstream': { now: 'Middleware: retry' },
  'proxy-body-size': {
    now: 'Middleware: buffering.maxRequestBodyBytes, on a route of its own and never on that of streams',
  },
  affinity: { now: 'IngressRoute: services.sticky.cookie' },
  'affinity-mode': { lost: 'a cookie names its replica until that is gone, as "persistent" did' },
  'session-cookie-name': { now: 'IngressRoute: services.sticky.cookie.name' },
  'session-cookie-max-age': { now: 'IngressRoute: services.sticky.cookie.maxAge' },
  'session-cookie-expires': { now: 'IngressRoute: services.sticky.cookie.maxAge' },
  'session-cookie-change-on-failure': { unneeded: 'a client of a replica that is gone is given another one' },
  'load-balance': { now: 'IngressRoute: services.strategy' },
  'upstream-hash-by': { lost: 'strategy hrw hashes the address of the client, and nothing else' },
  'limit-connections': limited,
  'limit-rps': limited,
  'enable-access-log': { now: 'IngressRoute: routes.observability.accessLogs' },
  'custom-http-errors': { now: 'Middleware: errors, with a Service of its own that has the pages' },
  'configuration-snippet': snippet,
  'server-snippet': snippet,
  'ssl-redirect': { now: 'Middleware: redirectScheme, or entryPoints.web.http.redirections' },
};

/** Traefik as the way into a cluster: its own resources. Beside it, the traefik target is for a Traefik with files. */
export const traefikIngress = defineEdge({
  id,
  title: 'Traefik in Kubernetes',
  coverage: edgeCoverage({
    idleSeconds: { as: 'forwardingTimeouts.idleConnTimeout; there is no idle timer on responses' },
    propagationSeconds: { as: 'requestAcceptGraceTimeout of Traefik itself' },
    drainSeconds: { as: 'graceTimeOut of Traefik itself' },
    retryMs: { because: 'while no replica is ready, one that is not refuses softly, with a retry of its own' },
    keepAliveSeconds: { because: 'the pool is emptied after idleSeconds, which is less' },
    maxStreams: { because: 'no limit of its own; files and ports are those of its pods' },
    maxStreamsPerUser: { because: 'http2.maxConcurrentStreams belongs to the entry point; see the limit' },
    stickiness: { as: 'sticky.cookie.name, sticky.cookie.maxAge' },
  }),
  limits: [
    http2Limit(
      { id, title: 'Traefik', source: 'traefik/traefik:pkg/config/static/entrypoints.go: maxConcurrentStreams 250' },
      http2Streams,
    ),
  ],
  minimumVersions: [
    { of: 'Traefik', version: '3.7', because: 'failover in a TraefikService; the API refuses what it does not know' },
  ],
  grammar: {},
  controller: (policy) => [
    setting(
      'providers.kubernetesCRD.allowEmptyServices',
      true,
      "the chart's default: without it a route disappears while no replica is ready, and 404 is the answer",
    ),
    setting(
      'ports.websecure.transport.respondingTimeouts.writeTimeout',
      0,
      'the default: any other value is a limit on the age of streams, whatever flows',
    ),
    setting(
      'ports.websecure.transport.respondingTimeouts.idleTimeout',
      '180s',
      'the default, for connections without a request: a proxy in front of this one has to let go first',
    ),
    setting(
      'ports.websecure.transport.lifeCycle.requestAcceptGraceTimeout',
      `${policy.propagationSeconds}s`,
      'a Traefik that stops is sent requests until every router has heard of it; the default is 0',
      ['propagationSeconds'],
    ),
    setting(
      'ports.websecure.transport.lifeCycle.graceTimeOut',
      `${policy.drainSeconds}s`,
      'then its streams have this long to end before they are cut; the default is 10s',
      ['drainSeconds'],
    ),
    setting(
      'deployment.terminationGracePeriodSeconds',
      graceSeconds(policy),
      'longer than both together, or the kubelet cuts them first',
      ['propagationSeconds', 'drainSeconds'],
    ),
    setting(
      'logs.access.fields.general.names.RequestPath',
      'drop',
      'where there is an access log: the path has the query, and with it the tokens in it',
    ),
  ],
  migration,
  manifests,
  read: ({ manifests: given }) => ({ ...readRoute([dynamicPart(given)]), target: id }),
});
