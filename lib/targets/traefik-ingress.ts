import {
  type Fact,
  graceSeconds,
  type Hop,
  poolIdleSeconds,
  type Stickiness,
  type StreamPolicy,
} from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace } from './edge/edge.ts';
import { http2Limit } from './edge/limits.ts';
import { at, type Manifest, ofKind } from './edge/manifest.ts';
import type { Migration } from './edge/migration.ts';
import { object } from './edge/objects.ts';
import { line, list, type Mapping, map } from './edge/tree.ts';
import { setting } from './settings.ts';

const id = 'traefik-ingress';
const apiVersion = 'traefik.io/v1alpha1';
const annotationPrefix = 'traefik.ingress.kubernetes.io/';

/** What Traefik has where nothing is said (traefik/traefik:pkg/config/static/entrypoints.go, pkg/config/dynamic/http_config.go, v3.7). */
const defaults = { http2Streams: 250, idleConnSeconds: 90 };

/**
 * The resources of Traefik and not an Ingress with annotations: a misspelt field is refused by the API where a misspelt
 * annotation is ignored in silence, and no annotation chooses the strategy or bounds the pool.
 */
function manifests(policy: StreamPolicy, place: EdgePlace): readonly Mapping[] {
  const annotations =
    place.className === undefined
      ? []
      : [line('kubernetes.io/ingress.class', place.className, 'which Traefik reads it')];
  const ours = (kind: string, spec: Mapping): Mapping => object({ apiVersion, kind, place, annotations, spec });
  return [
    ours('IngressRoute', route(policy, place)),
    ours('Middleware', nextReplica),
    ours('ServersTransport', transport(policy)),
  ];
}

const route = ({ stickiness }: StreamPolicy, { name, host, port, tlsSecret }: EdgePlace): Mapping =>
  map(
    line('entryPoints', list(tlsSecret === undefined ? 'web' : 'websecure')),
    line(
      'routes',
      list(
        map(
          line('match', `Host(\`${host}\`)`),
          line('kind', 'Rule'),
          line(
            'middlewares',
            list(map(line('name', name))),
            'no compress here: it holds the first kilobyte; and never buffering, which waits for the end of the response',
          ),
          line(
            'services',
            list(
              map(
                line('name', name),
                line('port', port),
                line(
                  'strategy',
                  'p2c',
                  'an open stream is an open connection: of two replicas drawn at random the one with fewer gets the next',
                ),
                line('serversTransport', name),
                stickiness !== 'none' && line('sticky', map(cookie(stickiness))),
              ),
            ),
          ),
        ),
      ),
    ),
    tlsSecret !== undefined &&
      line(
        'tls',
        map(line('secretName', tlsSecret)),
        'HTTP/2 comes with TLS: without it a browser has six streams for all its tabs',
      ),
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
    map(line('attempts', 3), line('initialInterval', '50ms')),
    'a refused connection goes to the next replica; a stream that has begun cannot be moved',
  ),
);

const transport = (policy: StreamPolicy): Mapping =>
  map(
    line(
      'forwardingTimeouts',
      map(
        line('dialTimeout', '2s', 'a replica that is gone is given up before the client gives up'),
        line(
          'idleConnTimeout',
          `${poolIdleSeconds(policy)}s`,
          'idle connections are closed before the service does it, or a reconnect meets a closing socket',
          ['idleSeconds'],
        ),
      ),
    ),
    line('maxIdleConnsPerHost', 200, 'without it two'),
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
    retryMs: {
      because:
        'a soft answer needs an entry point that Traefik asks itself on, which is not for a route to make; the files of the traefik target have it',
    },
    keepAliveSeconds: { because: 'the pool is emptied after idleSeconds, which is less' },
    maxStreams: { because: 'no limit of its own; files and ports are those of its pods' },
    maxStreamsPerUser: { because: 'http2.maxConcurrentStreams belongs to the entry point; see the limit' },
    stickiness: { as: 'sticky.cookie.name, sticky.cookie.maxAge' },
  }),
  limits: [
    http2Limit(
      { id, title: 'Traefik', source: 'traefik/traefik:pkg/config/static/entrypoints.go: maxConcurrentStreams 250' },
      defaults.http2Streams,
    ),
  ],
  minimumVersions: [
    { of: 'Traefik', version: '3.4', because: 'strategy "p2c"; older versions drop a route that has it' },
  ],
  grammar: {},
  controller: (policy) => [
    setting(
      'ports.websecure.transport.respondingTimeouts.writeTimeout',
      0,
      'the default: any other value is a limit on the age of streams, whatever flows',
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
  read: ({ manifests: given }) => hopOf(given),
});

/** Routes of Traefik, or an Ingress with annotations; what is not set counts with Traefik's default. */
function hopOf(manifests: readonly Manifest[]): Hop {
  const way = wayOf(manifests);
  const used = (kind: string): boolean =>
    way.middlewares.some((name) => at(named(manifests, 'Middleware', name), 'spec', kind) !== undefined);
  return {
    target: id,
    buffering: {
      value: used('buffering'),
      setting: used('buffering') ? 'buffering Middleware' : 'no buffering Middleware',
    },
    compression: compressionOf(way.middlewares.map((name) => named(manifests, 'Middleware', name))),
    poolIdle: poolOf(named(manifests, 'ServersTransport', way.transport)),
    streamsPerConnection: {
      value: defaults.http2Streams,
      setting: `http2.maxConcurrentStreams: ${defaults.http2Streams} (default)`,
    },
    stickiness: stickinessOf(way.cookie),
  };
}

interface Way {
  readonly middlewares: readonly string[];
  readonly transport: string | undefined;
  readonly cookie: { readonly name: unknown; readonly maxAge: unknown } | undefined;
}

function wayOf(manifests: readonly Manifest[]): Way {
  const ingressRoute = ofKind(manifests, 'IngressRoute');
  if (ingressRoute === undefined) return wayOfIngress(manifests);
  const first = at(ingressRoute, 'spec', 'routes', 0);
  const service = at(first, 'services', 0);
  const middlewares = at(first, 'middlewares');
  const sticky = at(service, 'sticky', 'cookie');
  return {
    middlewares: Array.isArray(middlewares) ? middlewares.map((one) => String(at(one, 'name'))) : [],
    transport: textOf(at(service, 'serversTransport')),
    cookie: sticky === undefined ? undefined : { name: at(sticky, 'name'), maxAge: at(sticky, 'maxAge') },
  };
}

/** Middlewares are named on the Ingress, the rest on the Service; names end in @kubernetescrd and begin with the namespace. */
function wayOfIngress(manifests: readonly Manifest[]): Way {
  const of = (kind: string, key: string): string | undefined =>
    ofKind(manifests, kind)?.metadata.annotations?.[`${annotationPrefix}${key}`];
  return {
    middlewares: (of('Ingress', 'router.middlewares') ?? '').split(',').map((name) => name.trim()),
    transport: of('Service', 'service.serverstransport'),
    cookie:
      of('Service', 'service.sticky.cookie') === 'true'
        ? { name: of('Service', 'service.sticky.cookie.name'), maxAge: of('Service', 'service.sticky.cookie.maxage') }
        : undefined,
  };
}

/** By its name, or by the one that annotations use: `namespace-name@kubernetescrd`. */
function named(manifests: readonly Manifest[], kind: string, name: string | undefined): Manifest | undefined {
  const bare = name?.replace(/@kubernetescrd$/, '');
  return manifests.find(
    ({ kind: itsKind, metadata }) =>
      itsKind === kind && (metadata.name === bare || `${metadata.namespace ?? 'default'}-${metadata.name}` === bare),
  );
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Everything is compressed, unless types are named: those that are left out, or those alone that are taken. */
function compressionOf(middlewares: readonly (Manifest | undefined)[]): Fact<boolean> {
  const compress = middlewares.map((one) => at(one, 'spec', 'compress')).find((one) => one !== undefined);
  if (compress === undefined) return { value: false, setting: 'no compress Middleware' };
  const listed = (key: string): readonly string[] => {
    const types = at(compress, key);
    return Array.isArray(types) ? types.map(String) : [];
  };
  const taken = listed('includedContentTypes');
  const left = listed('excludedContentTypes').some((type) => type.startsWith('text/event-stream'));
  const compresses = !left && (taken.length === 0 || taken.some((type) => type.startsWith('text/event-stream')));
  return { value: compresses, setting: 'compress Middleware' };
}

/** Go's durations, and bare seconds (the resource's pattern: ^([0-9]+(ns|us|µs|ms|s|m|h)?)+$). 0 is no end. */
function poolOf(transport: Manifest | undefined): Fact<number> {
  const given = at(transport, 'spec', 'forwardingTimeouts', 'idleConnTimeout');
  if (given === undefined)
    return { value: defaults.idleConnSeconds, setting: `idleConnTimeout: ${defaults.idleConnSeconds}s (default)` };
  const units = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 0.001, s: 1, m: 60, h: 3600 } as const;
  const seconds = [...String(given).matchAll(/(\d+)(ns|us|µs|ms|s|m|h)?/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[(unit ?? 's') as keyof typeof units],
    0,
  );
  return { value: seconds === 0 ? Number.POSITIVE_INFINITY : seconds, setting: `idleConnTimeout: ${given}` };
}

/** Without an age, or with one of 0, the cookie lives as long as the browser session. */
function stickinessOf(cookie: Way['cookie']): Fact<Stickiness | 'none'> {
  if (cookie === undefined) return { value: 'none', setting: 'no sticky.cookie' };
  const maxAge = Number(cookie.maxAge ?? 0);
  return {
    value: {
      cookie: textOf(cookie.name) ?? '(a hash of the service)',
      seconds: maxAge === 0 ? Number.POSITIVE_INFINITY : maxAge,
    },
    setting: `sticky.cookie.maxAge: ${cookie.maxAge ?? '(not set)'}`,
  };
}
