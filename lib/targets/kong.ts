import { type Fact, graceSeconds, type Hop, type Stickiness, type StreamPolicy } from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace, type Grammar } from './edge/edge.ts';
import { http2Limit, noStickiness, poolLimit } from './edge/limits.ts';
import { at, type Manifest, ofKind } from './edge/manifest.ts';
import { affinityIs, type Migration, noLimits } from './edge/migration.ts';
import { ingress, object, serviceAnnotations } from './edge/objects.ts';
import { type Line, line, type Mapping, map } from './edge/tree.ts';
import { setting } from './settings.ts';

const prefix = 'konghq.com/';
const project = 'Kong/kubernetes-ingress-controller';
const vendor = (source: string) => ({ id: 'kong', title: 'Kong', source });

/** kong.conf.default, 3.x: upstream_keepalive_idle_timeout. */
const poolSeconds = 60;

/** Of a Service of Kong, in milliseconds (Kong/kong:kong/db/schema/entities/services.lua, 3.x). */
const defaultReadMs = 60_000;

const annotationOf = (key: string, value: string, why: string, from: Line['from'] = []): Line =>
  line(`${prefix}${key}`, value, why, from);

const manifests = (policy: StreamPolicy, place: EdgePlace): readonly Mapping[] => [
  ingress(place, 'kong', [
    annotationOf('response-buffering', 'false', 'on by default, and a buffered event arrives late'),
  ]),
  serviceAnnotations(place, [
    annotationOf(
      'read-timeout',
      String(policy.idleSeconds * 1000),
      'silence for longer cuts the stream; milliseconds without a unit',
      ['idleSeconds'],
    ),
    annotationOf('connect-timeout', '5000', 'a replica that is gone is given up before the client gives up'),
    annotationOf(
      'retries',
      '2',
      'a refused connection goes to the next replica; a stream that has begun cannot be moved',
    ),
    annotationOf('upstream-policy', place.name, 'how a replica is chosen'),
  ]),
  object({
    apiVersion: 'configuration.konghq.com/v1beta1',
    kind: 'KongUpstreamPolicy',
    place,
    spec: map(
      line(
        'algorithm',
        'least-connections',
        'an open stream is an open connection: new streams go to the replica with the fewest; by default they go round',
      ),
    ),
  }),
];

const documented = (key: string): string => `${project}:internal/annotations/annotations.go, ${key}, v3.5`;
const milliseconds = (key: string): Grammar => ({
  accepts: /^\d+$/,
  says: 'whole milliseconds, without a unit',
  source: documented(key),
});

const sticky = { lost: 'its cookie has no end: it would bind clients for longer than a stream may live' };
const snippet = { lost: 'nginx_http_* and nginx_proxy_* settings, for the whole controller; nothing here needs one' };

const migration: Migration = {
  'proxy-buffering': { now: `${prefix}response-buffering: "false"; the default is the other way round` },
  'proxy-request-buffering': { now: `${prefix}request-buffering` },
  'proxy-read-timeout': { now: `${prefix}read-timeout of the Service, in milliseconds: "60000"` },
  'proxy-send-timeout': { now: `${prefix}write-timeout of the Service, in milliseconds` },
  'proxy-connect-timeout': { now: `${prefix}connect-timeout of the Service, in milliseconds` },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service, with connections kept' },
  'proxy-next-upstream': { now: `${prefix}retries of the Service` },
  'proxy-body-size': { unneeded: 'no limit by default; the service has one' },
  ...affinityIs(sticky),
  'load-balance': { now: 'KongUpstreamPolicy algorithm' },
  'upstream-hash-by': { now: 'KongUpstreamPolicy algorithm consistent-hashing with hashOn' },
  ...noLimits,
  'enable-access-log': { lost: 'proxy_access_log, for the whole controller' },
  'custom-http-errors': { lost: 'a plugin; one that touches the body of a stream buffers it' },
  'configuration-snippet': snippet,
  'server-snippet': snippet,
  'ssl-redirect': { now: `${prefix}protocols: "https" with ${prefix}https-redirect-status-code` },
};

/**
 * Kong Ingress Controller: an Ingress with annotations. A route of the Gateway API would carry the same annotations,
 * and a Gateway of Kong is no more than the ports of a Kong that is there already.
 */
export const kong = defineEdge({
  id: 'kong',
  title: 'Kong',
  coverage: edgeCoverage({
    idleSeconds: { as: 'read-timeout' },
    propagationSeconds: { as: 'lifecycle.preStop, terminationGracePeriodSeconds of the proxy' },
    drainSeconds: { as: 'lifecycle.preStop, terminationGracePeriodSeconds of the proxy' },
    keepAliveSeconds: { because: 'upstream_keepalive_idle_timeout is controller-wide; see the limit' },
    stickiness: { because: 'its cookie has no end; see the limit' },
  }),
  limits: [
    poolLimit(vendor('Kong/kong:kong.conf.default, 3.x: upstream_keepalive_idle_timeout 60'), poolSeconds),
    http2Limit(vendor('nginx.org/en/docs/http/ngx_http_v2_module.html: http2_max_concurrent_streams 128'), 128),
    noStickiness(
      vendor('Kong/kong:kong/runloop/balancer/init.lua, 3.x: hash_on cookie sets no Max-Age'),
      'its cookie has no end that could be set, and would bind clients for longer than a stream may live',
    ),
  ],
  minimumVersions: [
    { of: 'Kong Ingress Controller', version: '3.0', because: 'KongUpstreamPolicy' },
    { of: 'Kong', version: '3.0', because: 'what that controller runs with' },
  ],
  grammar: {
    [`${prefix}response-buffering`]: {
      accepts: /^(?:true|false)$/,
      says: 'true or false',
      source: documented('response-buffering'),
    },
    [`${prefix}read-timeout`]: milliseconds('read-timeout'),
    [`${prefix}connect-timeout`]: milliseconds('connect-timeout'),
    [`${prefix}retries`]: { accepts: /^\d{1,5}$/, says: 'a whole number up to 32767', source: documented('retries') },
    [`${prefix}upstream-policy`]: {
      accepts: /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/,
      says: 'the name of a KongUpstreamPolicy beside the Service',
      source: documented('upstream-policy'),
    },
  },
  controller: (policy) => [
    setting('upstream_keepalive_idle_timeout', poolSeconds, 'the default: below keepAliveSeconds'),
    setting(
      'lifecycle.preStop of the proxy',
      `kong quit --wait=${policy.propagationSeconds} --timeout=${policy.drainSeconds}`,
      'a Kong that is replaced serves until every router has heard of it, and then carries its streams for as long as a replica takes to close its own',
      ['propagationSeconds', 'drainSeconds'],
    ),
    setting(
      'terminationGracePeriodSeconds of the proxy',
      graceSeconds(policy),
      'longer than both together; by default it is 30',
      ['propagationSeconds', 'drainSeconds'],
    ),
    setting(
      'proxy_access_log',
      '/dev/stdout streams, with nginx_http_log_format: streams "$remote_addr $request_method $uri $status"',
      'the default logs the query, and with it the tokens in it',
    ),
    setting('plugins', 'none that touches response bodies', 'such a plugin makes Kong hold the response back again'),
  ],
  migration,
  manifests,
  read: ({ manifests: given }) => readKong(given),
});

function readKong(given: readonly Manifest[]): Hop {
  const ofIngress = (ofKind(given, 'Ingress') ?? ofKind(given, 'HTTPRoute'))?.metadata.annotations ?? {};
  const ofService = ofKind(given, 'Service')?.metadata.annotations ?? {};
  const timeout = ofService[`${prefix}read-timeout`];
  const readMs = timeout !== undefined && /^\d+$/.test(timeout) ? Number(timeout) : defaultReadMs;
  const buffering = ofIngress[`${prefix}response-buffering`];
  const policy = given.find(
    ({ kind, metadata }) => kind === 'KongUpstreamPolicy' && metadata.name === ofService[`${prefix}upstream-policy`],
  );
  return {
    target: 'kong',
    idleTimers: [
      { value: readMs / 1000, setting: `${prefix}read-timeout: ${timeout ?? `${defaultReadMs} (default)`}` },
    ],
    buffering: {
      value: buffering !== 'false',
      setting: `${prefix}response-buffering: ${buffering ?? 'true (default)'}`,
    },
    poolIdle: { value: poolSeconds, setting: `upstream_keepalive_idle_timeout: ${poolSeconds} (default)` },
    streamsPerConnection: { value: 128, setting: 'http2_max_concurrent_streams 128 (default of nginx)' },
    stickiness: stickiness(policy),
  };
}

function stickiness(policy: Manifest | undefined): Fact<Stickiness | 'none'> {
  const algorithm = at(policy?.spec, 'algorithm') ?? 'round-robin (default)';
  const cookie = at(policy?.spec, 'hashOn', 'cookie') ?? at(policy?.spec, 'stickySessions', 'cookie');
  const bound = typeof cookie === 'string' && (algorithm === 'consistent-hashing' || algorithm === 'sticky-sessions');
  return {
    value: bound ? { cookie, seconds: Number.POSITIVE_INFINITY } : 'none',
    setting: `KongUpstreamPolicy algorithm: ${algorithm}`,
  };
}
