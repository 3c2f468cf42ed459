import {
  type Fact,
  graceSeconds,
  type Hop,
  type PolicyRule,
  policyRule,
  poolIdleSeconds,
  type StreamPolicy,
} from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace } from './edge/edge.ts';
import { countFact, secondsFact } from './edge/facts.ts';
import { http2Limit, noStickiness } from './edge/limits.ts';
import { at, type Manifest, ofKind } from './edge/manifest.ts';
import { affinityIs, type Migration, noLimits } from './edge/migration.ts';
import { gateway, httpRoute, object, targetRef, untimedRule } from './edge/objects.ts';
import { attached, gatewaysOf, servicesOf, streamRule } from './edge/routes.ts';
import { line, list, type Mapping, map } from './edge/tree.ts';
import { setting } from './settings.ts';

const group = 'gateway.nginx.org';
const project = 'nginx/nginx-gateway-fabric';
const vendor = (source: string) => ({ id: 'nginx-gateway-fabric', title: 'NGINX Gateway Fabric', source });

/** Connections of one worker at most (NginxProxy spec.workerConnections); a stream takes two, client's and replica's. */
const workerConnections = 65_535;
const streamsPerWorker = Math.floor(workerConnections / 2);

/** Four digits and a unit at most (v1alpha1 Duration). */
const longest = 9999;

const workerLimit: PolicyRule = policyRule({
  id: 'nginx-gateway-fabric-worker-connections',
  why: 'the next stream is refused by the worker that accepts it',
  source: `${project}:apis/v1alpha2/nginxproxy_types.go, v2.6: workerConnections at most 65535`,
  fields: ['maxStreams'],
  broken: ({ maxStreams }) => {
    const most = streamsPerWorker - 100;
    return (
      maxStreams > most &&
      `maxStreams (${maxStreams}) must be at most ${most}: a worker of NGINX Gateway Fabric has ${workerConnections} connections, and a stream takes two; lower maxStreams to ${most} and run more replicas`
    );
  },
});

const timerLimit: PolicyRule = policyRule({
  id: 'nginx-gateway-fabric-read-timeout',
  why: 'a longer time is not taken by the API server',
  source: `${project}:apis/v1alpha1/shared_types.go, v2.6: Duration has four digits`,
  fields: ['idleSeconds'],
  broken: ({ idleSeconds }) =>
    idleSeconds > longest &&
    `idleSeconds (${idleSeconds}) must be at most ${longest}, the longest time NGINX Gateway Fabric takes; lower idleSeconds to ${longest}`,
});

const v1alpha1 = `${group}/v1alpha1`;

const manifests = (policy: StreamPolicy, place: EdgePlace): readonly Mapping[] => [
  ...(place.gateway === undefined ? [proxies(policy, place)] : []),
  ...gateway(place, 'nginx', { group, kind: 'NginxProxy', why: 'how the proxies of this Gateway are made' }),
  httpRoute(place, [
    untimedRule(
      place,
      'without timeouts: they are not supported, and would be reported as such. There is no limit on the age of a stream',
    ),
  ]),
  object({
    apiVersion: v1alpha1,
    kind: 'ProxySettingsPolicy',
    place,
    spec: map(
      line('targetRefs', list(targetRef(place, 'HTTPRoute'))),
      line('buffering', map(line('disable', true)), 'on by default, and a buffered event arrives late'),
      line(
        'timeout',
        map(
          line('read', `${policy.idleSeconds}s`, 'silence for longer cuts the stream', ['idleSeconds']),
          line('connect', '5s', 'a replica that is gone is given up before the client gives up'),
        ),
      ),
    ),
  }),
  object({
    apiVersion: v1alpha1,
    kind: 'UpstreamSettingsPolicy',
    place,
    spec: map(
      line('targetRefs', list(targetRef(place, 'Service'))),
      line(
        'loadBalancingMethod',
        'least_conn',
        'an open stream is an open connection: new streams go to the replica with the fewest',
      ),
      line(
        'keepAlive',
        map(
          line(
            'timeout',
            `${poolIdleSeconds(policy)}s`,
            'idle connections are closed before the service does it, or a reconnect meets a closing socket',
            ['idleSeconds'],
          ),
        ),
      ),
    ),
  }),
];

const proxies = (policy: StreamPolicy, place: EdgePlace): Mapping =>
  object({
    apiVersion: `${group}/v1alpha2`,
    kind: 'NginxProxy',
    place,
    spec: map(
      line(
        'workerConnections',
        workerConnections,
        'of each worker, and a stream takes two; by default 1024, which ends at 512 streams',
      ),
      line(
        'logging',
        map(
          line(
            'accessLog',
            map(
              line(
                'format',
                '$remote_addr [$time_local] $request_method $uri $status $body_bytes_sent $request_time $upstream_addr',
                'the default logs the query, and with it the tokens in it',
              ),
            ),
          ),
        ),
      ),
      line(
        'kubernetes',
        map(
          line(
            'deployment',
            map(
              line(
                'pod',
                map(
                  line('terminationGracePeriodSeconds', graceSeconds(policy), 'longer than the wait below', [
                    'propagationSeconds',
                    'drainSeconds',
                  ]),
                ),
              ),
              line(
                'container',
                map(
                  line(
                    'lifecycle',
                    map(
                      line(
                        'preStop',
                        map(
                          line(
                            'sleep',
                            map(line('seconds', policy.propagationSeconds)),
                            'a proxy that is replaced serves until every router has heard of it; then it is stopped by TERM, which cuts its streams, and they come back to another',
                            ['propagationSeconds'],
                          ),
                        ),
                      ),
                    ),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  });

const sticky = { lost: 'cookies are for NGINX Plus; any replica can resume any stream' };
const snippets = { now: 'SnippetsFilter or SnippetsPolicy, off by default; nothing here needs one' };

const migration: Migration = {
  'proxy-buffering': { now: 'ProxySettingsPolicy buffering.disable: true; the default is the other way round' },
  'proxy-request-buffering': { lost: 'request bodies are buffered; streams have none' },
  'proxy-read-timeout': { now: 'ProxySettingsPolicy timeout.read, with its unit' },
  'proxy-send-timeout': { now: 'ProxySettingsPolicy timeout.send' },
  'proxy-connect-timeout': { now: 'ProxySettingsPolicy timeout.connect' },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service, with connections kept' },
  'proxy-next-upstream': { unneeded: 'a refused connection goes to the next replica, as nginx does by itself' },
  'proxy-body-size': { now: 'ClientSettingsPolicy body.maxSize' },
  ...affinityIs(sticky),
  'load-balance': { now: 'UpstreamSettingsPolicy loadBalancingMethod' },
  'upstream-hash-by': { now: 'UpstreamSettingsPolicy loadBalancingMethod "hash consistent" with hashMethodKey' },
  ...noLimits,
  'enable-access-log': { now: 'NginxProxy logging.accessLog.disable, for the whole Gateway' },
  'custom-http-errors': { lost: 'a SnippetsFilter with error_page' },
  'configuration-snippet': snippets,
  'server-snippet': snippets,
  'ssl-redirect': { now: 'HTTPRoute filter RequestRedirect, on a listener for port 80' },
};

/** NGINX Gateway Fabric: Gateway API, with the directives of nginx in policies. */
export const nginxGatewayFabric = defineEdge({
  id: 'nginx-gateway-fabric',
  title: 'NGINX Gateway Fabric',
  coverage: edgeCoverage({
    idleSeconds: { as: 'ProxySettingsPolicy timeout.read, UpstreamSettingsPolicy keepAlive.timeout' },
    retryMs: { because: 'a soft-fail of its own would need a snippet, and snippets are off by default' },
    propagationSeconds: { as: 'NginxProxy preStop.sleep.seconds, terminationGracePeriodSeconds' },
    drainSeconds: { as: 'NginxProxy terminationGracePeriodSeconds' },
    maxStreams: { because: 'workerConnections is what it can be at most; see the limit' },
    maxStreamsPerUser: { because: 'http2_max_concurrent_streams cannot be set; see the limit' },
    keepAliveSeconds: { because: 'keepAlive.timeout is idleSeconds, which the policy keeps below it' },
    stickiness: { because: 'cookies are for NGINX Plus; see the limit' },
  }),
  limits: [
    timerLimit,
    workerLimit,
    http2Limit(vendor('nginx.org/en/docs/http/ngx_http_v2_module.html: http2_max_concurrent_streams 128'), 128),
    noStickiness(
      vendor('docs.nginx.com/nginx-gateway-fabric: sessionPersistence is supported with NGINX Plus'),
      'its cookies need NGINX Plus',
    ),
  ],
  minimumVersions: [
    {
      of: 'NGINX Gateway Fabric',
      version: '2.6.0',
      because: 'timeout of a ProxySettingsPolicy; buffering since 2.4.0',
    },
    { of: 'Kubernetes', version: '1.31', because: 'what NGINX Gateway Fabric 2.6 runs on' },
  ],
  grammar: {},
  controller: () => [
    setting(
      'memory of the proxies',
      'with room to spare',
      'each change of replicas reloads nginx, and old workers stay until their last stream has ended',
    ),
  ],
  migration,
  manifests,
  read: ({ manifests: given }) => readFabric(given),
});

/** Whole numbers with a unit, seconds without one. */
function fabricSeconds(text: unknown): number | undefined {
  const [, count, unit = 's'] = /^(\d{1,4})(ms|s|m|h)?$/.exec(String(text)) ?? [];
  const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };
  return count === undefined ? undefined : Number(count) * (units[unit] ?? 1);
}

function readFabric(given: readonly Manifest[]): Hop {
  const rule = streamRule(given);
  const ofRoute = ['HTTPRoute', rule?.route.metadata.name ?? ''] as const;
  const ofGateway = ['Gateway', ...gatewaysOf(rule?.route)] as const;
  // a setting that the route's policy does not have is inherited from the Gateway's
  const settings = [attached(given, 'ProxySettingsPolicy', ofRoute), attached(given, 'ProxySettingsPolicy', ofGateway)];
  const upstream = attached(given, 'UpstreamSettingsPolicy', ['Service', ...servicesOf(rule)])?.spec;
  const unbuffered = settings.map((one) => at(one?.spec, 'buffering', 'disable')).find((one) => one !== undefined);
  return {
    target: 'nginx-gateway-fabric',
    idleTimers: [
      secondsFact(
        'timeout.read',
        { places: settings.map((one) => [one?.spec, 'timeout', 'read'] as const), otherwise: 60 },
        fabricSeconds,
        false,
      ),
    ],
    buffering: { value: unbuffered !== true, setting: `buffering.disable: ${unbuffered ?? 'false (default)'}` },
    poolIdle: secondsFact(
      'keepAlive.timeout',
      { places: [[upstream, 'keepAlive', 'timeout']], otherwise: 60 },
      fabricSeconds,
      false,
    ),
    streamsPerConnection: { value: 128, setting: 'http2_max_concurrent_streams 128 (default of nginx)' },
    stickiness: {
      value: 'none',
      setting: `loadBalancingMethod: ${at(upstream, 'loadBalancingMethod') ?? 'random two least_conn (default)'}`,
    },
    reloadWindow: { value: Number.POSITIVE_INFINITY, setting: 'worker_shutdown_timeout: not set' },
    ...ofProxies(given),
  };
}

/** Not known of a Gateway that is not among the manifests. */
function ofProxies(given: readonly Manifest[]): Pick<Hop, 'streamLimit' | 'logsQuery'> {
  const proxy = ofKind(given, 'NginxProxy')?.spec;
  if (proxy === undefined && ofKind(given, 'Gateway') === undefined) return {};
  const connections = countFact('workerConnections', { places: [[proxy, 'workerConnections']], otherwise: 1024 });
  return {
    streamLimit: { ...connections, value: Math.floor(connections.value / 2) },
    logsQuery: logsQuery(at(proxy, 'logging', 'accessLog')),
  };
}

function logsQuery(accessLog: unknown): Fact<boolean> {
  if (at(accessLog, 'disable') === true) return { value: false, setting: 'accessLog.disable: true' };
  const format = at(accessLog, 'format');
  if (typeof format !== 'string') return { value: true, setting: 'accessLog.format: combined (default)' };
  return {
    value: /\$(?:request\b(?!_)|request_uri|args|query_string|arg_)/.test(format),
    setting: `accessLog.format: ${format}`,
  };
}
