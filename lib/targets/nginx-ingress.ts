import type { Fact, Hop, Stickiness, StreamPolicy } from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type EdgePlace, type Grammar } from './edge/edge.ts';
import { cookieNameLimit, http2Limit, poolLimit } from './edge/limits.ts';
import { ofKind } from './edge/manifest.ts';
import { type Migration, noLimits } from './edge/migration.ts';
import { ingress } from './edge/objects.ts';
import { type Line, line } from './edge/tree.ts';
import { seconds } from './nginx/time.ts';
import { setting } from './settings.ts';

const prefix = 'nginx.org/';
const project = 'nginx/kubernetes-ingress';

const vendor = (source: string) => ({ id: 'nginx-ingress', title: 'NGINX Ingress Controller', source });

const annotationOf = (key: string, value: string, why: string, from: Line['from'] = []): Line =>
  line(`${prefix}${key}`, value, why, from);

const annotations = (policy: StreamPolicy, place: EdgePlace): readonly Line[] => [
  annotationOf(
    'proxy-buffering',
    'false',
    'the default is true, and a buffered event arrives late; a word of Go: with "off" the whole Ingress is rejected',
  ),
  annotationOf('proxy-read-timeout', `${policy.idleSeconds}s`, 'silence for longer cuts the stream', ['idleSeconds']),
  annotationOf('proxy-connect-timeout', '5s', 'a replica that is gone is given up before the client gives up'),
  annotationOf(
    'proxy-next-upstream',
    'error timeout',
    'a refused connection goes to the next replica; a stream that has begun cannot be moved',
  ),
  annotationOf(
    'lb-method',
    'least_conn',
    'an open stream is an open connection: new streams go to the replica with the fewest',
  ),
  annotationOf(
    'websocket-services',
    place.name,
    'without it no WebSocket gets through; other requests to the service open a connection each',
  ),
  ...affinity(policy.stickiness, place),
];

function affinity(stickiness: StreamPolicy['stickiness'], { name }: EdgePlace): readonly Line[] {
  if (stickiness === 'none') return [];
  const { cookie, seconds } = stickiness;
  return [
    annotationOf(
      'sticky-cookie-services',
      `serviceName=${name} ${cookie} expires=${seconds}s path=/ httponly`,
      'a client comes back to its replica while it is there; not for longer than a stream may live',
      ['stickiness'],
    ),
  ];
}

const parsedBy = (what: string): string => `${project}:internal/configs/parsing_helpers.go, ${what}, v5.5.4`;
const nginxTime: Grammar = {
  accepts: /^(?:\d+y)?\s*(?:\d+M)?\s*(?:\d+w)?\s*(?:\d+d)?\s*(?:\d+h)?\s*(?:\d+m)?\s*(?:\d+s?)?\s*(?:\d+ms)?$/,
  says: 'a time as nginx writes it, such as 60s',
  source: parsedBy('ParseTime'),
};

/** What strconv.ParseBool of Go takes for true and for false. */
const trueWords = /^(?:1|t|T|TRUE|true|True)$/;
const falseWords = /^(?:0|f|F|FALSE|false|False)$/;

const snippets = { lost: 'location-snippets, if the controller runs with -enable-snippets; nothing here needs one' };

const migration: Migration = {
  'proxy-buffering': { now: `${prefix}proxy-buffering: "false" (not "off")` },
  'proxy-request-buffering': { lost: 'always on here; publishing is small enough' },
  'proxy-read-timeout': { now: `${prefix}proxy-read-timeout, with its unit: "60s"` },
  'proxy-send-timeout': { now: `${prefix}proxy-send-timeout, with its unit` },
  'proxy-connect-timeout': { now: `${prefix}proxy-connect-timeout, with its unit` },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service' },
  'proxy-next-upstream': { now: `${prefix}proxy-next-upstream` },
  'proxy-body-size': { now: `${prefix}client-max-body-size` },
  affinity: { now: `${prefix}sticky-cookie-services` },
  'affinity-mode': { lost: 'a cookie names its replica until that is gone, as "persistent" did' },
  'session-cookie-name': { now: 'the cookie in sticky-cookie-services' },
  'session-cookie-max-age': { now: 'expires= in sticky-cookie-services' },
  'session-cookie-expires': { now: 'expires= in sticky-cookie-services' },
  'session-cookie-change-on-failure': { unneeded: 'a client of a failed replica is given another one' },
  'load-balance': { now: `${prefix}lb-method` },
  'upstream-hash-by': { now: `${prefix}lb-method: "hash … consistent"` },
  ...noLimits,
  'enable-access-log': { lost: 'access-log-off in the ConfigMap, for all of the controller' },
  'custom-http-errors': { lost: 'errorPages of a VirtualServer' },
  'configuration-snippet': snippets,
  'server-snippet': snippets,
  'ssl-redirect': { now: `${prefix}ssl-redirect; on by default` },
};

/** F5's NGINX Ingress Controller: annotations of the Ingress, in words that are not those of ingress-nginx. */
export const nginxIngress = defineEdge({
  id: 'nginx-ingress',
  title: 'NGINX Ingress Controller (F5)',
  coverage: edgeCoverage({
    idleSeconds: { as: 'proxy-read-timeout' },
    retryMs: { because: 'a soft-fail of its own would need a snippet, and snippets are off by default' },
    keepAliveSeconds: { because: 'connections are pooled for 60 s, whatever an annotation says; see the limit' },
    stickiness: { as: 'sticky-cookie-services' },
  }),
  limits: [
    poolLimit(vendor('nginx.org/en/docs/http/ngx_http_upstream_module.html: keepalive_timeout 60s'), 60),
    http2Limit(vendor('nginx.org/en/docs/http/ngx_http_v2_module.html: http2_max_concurrent_streams 128'), 128),
    cookieNameLimit(
      vendor(parsedBy('stickyCookieRegex, and words end at a space, services at a semicolon')),
      /[^A-Za-z0-9\-_.]/g,
      'letters, digits and - _ .',
    ),
  ],
  minimumVersions: [
    {
      of: 'NGINX Ingress Controller',
      version: '5.4.0',
      because: 'sticky-cookie-services without a licence for NGINX Plus; without stickiness 3.0 does',
    },
  ],
  grammar: {
    [`${prefix}proxy-buffering`]: {
      accepts: new RegExp(`${trueWords.source}|${falseWords.source}`),
      says: 'true or false',
      source: parsedBy('ParseBool'),
    },
    [`${prefix}proxy-read-timeout`]: nginxTime,
    [`${prefix}proxy-connect-timeout`]: nginxTime,
    [`${prefix}proxy-next-upstream`]: {
      accepts: /^(?:(?:error|timeout|denied|invalid_header|http_\d{3}|non_idempotent|off)(?: |$))+$/,
      says: 'words of proxy_next_upstream with a space between them',
      source: `${project}:internal/k8s/validation.go, v5.5.4`,
    },
    [`${prefix}lb-method`]: {
      accepts: /^(?:round_robin|least_conn|ip_hash|random|random two|random two least_conn|hash \S+(?: consistent)?)$/,
      says: 'a method of nginx without those of NGINX Plus',
      source: parsedBy('ParseLBMethod'),
    },
    [`${prefix}websocket-services`]: {
      accepts: /^[a-z0-9-]+(?:,[a-z0-9-]+)*$/,
      says: 'names of Services with commas between them',
      source: parsedBy('ParseServiceList'),
    },
    [`${prefix}sticky-cookie-services`]: {
      accepts: /^serviceName=[a-z0-9-]+ [^"$\\;]+$/,
      says: 'serviceName=…, a space, and the words of the sticky cookie directive',
      source: parsedBy('ParseStickyServiceList'),
    },
  },
  controller: () => [
    setting('http2', 'True', 'off by default: over HTTP/1.1 a browser has six connections for all its tabs'),
    setting(
      'worker-connections',
      '65536',
      'the default of 1024 a worker counts both sides of a stream: it ends at some 500 streams',
    ),
    setting('worker-rlimit-nofile', '131072', 'two files for each of those connections'),
    setting(
      'log-format',
      '$remote_addr [$time_local] "$request_method $uri" $status $body_bytes_sent',
      'the default logs $request, and with its query the tokens in it',
    ),
  ],
  migration,
  manifests: (policy, place) => [ingress(place, 'nginx', annotations(policy, place))],
  read: ({ manifests }) => {
    const given = ofKind(manifests, 'Ingress')?.metadata.annotations ?? {};
    return hopOf((key) => given[`${prefix}${key}`]);
  },
});

/** For an Ingress with an annotation that it cannot parse the controller removes what it had: the defaults count. */
function hopOf(value: (key: string) => string | undefined): Hop {
  const timeout = value('proxy-read-timeout') ?? '60s';
  const valid = timeout.trim() !== '' && nginxTime.accepts.test(timeout);
  const buffering = value('proxy-buffering') ?? '(true)';
  return {
    target: 'nginx-ingress',
    idleTimers: [{ value: valid ? seconds([timeout]) : 60, setting: `proxy-read-timeout: "${timeout}"` }],
    buffering: { value: !falseWords.test(buffering), setting: `proxy-buffering: "${buffering}"` },
    poolIdle: { value: 60, setting: 'keepalive_timeout 60s (default of nginx)' },
    reloadWindow: {
      value: Number.POSITIVE_INFINITY,
      setting: 'worker-shutdown-timeout: not set (controller default)',
    },
    streamsPerConnection: { value: 128, setting: 'http2_max_concurrent_streams 128 (default of nginx)' },
    stickiness: affinityOf(value('sticky-cookie-services')),
  };
}

function affinityOf(services: string | undefined): Fact<Stickiness | 'none'> {
  const [, cookie = '', ...words] = (services ?? '').split(' ');
  if (cookie === '') return { value: 'none', setting: 'sticky-cookie-services: not set' };
  const expires = words.find((word) => word.startsWith('expires='))?.slice('expires='.length);
  const ends = expires === undefined || expires === 'max' ? Number.POSITIVE_INFINITY : seconds([expires]);
  return { value: { cookie, seconds: ends }, setting: `sticky-cookie-services: "${services}"` };
}
