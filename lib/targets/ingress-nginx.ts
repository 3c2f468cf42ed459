import type { Fact, Hop, Stickiness, StreamPolicy } from '../policy/index.ts';
import { defineEdge, type EdgePlace, type Grammar } from './edge/edge.ts';
import { cookieNameLimit, http2Limit, poolLimit, reloadLimit } from './edge/limits.ts';
import { at, type Manifest, ofKind } from './edge/manifest.ts';
import { ingressNginxAnnotations, type Migration } from './edge/migration.ts';
import { everyReplica, ingress } from './edge/objects.ts';
import { type Line, line, type Mapping } from './edge/tree.ts';
import { setting } from './settings.ts';

const prefix = 'nginx.ingress.kubernetes.io/';

/**
 * Controller-wide values that no annotation reaches, with the controller's defaults
 * (kubernetes/ingress-nginx docs/user-guide/nginx-configuration/configmap.md).
 */
const controller = { upstreamKeepaliveSeconds: 60, workerShutdownSeconds: 240, http2Streams: 128 };

const vendor = (source: string) => ({
  id: 'ingress-nginx',
  title: 'ingress-nginx',
  source: `kubernetes/ingress-nginx configmap.md: ${source}`,
});

const annotationOf = (key: string, value: string, why: string, from: Line['from'] = []): Line =>
  line(`${prefix}${key}`, value, why, from);

function manifests(policy: StreamPolicy, place: EdgePlace): readonly Mapping[] {
  const replicas = everyReplica(place);
  return [ingress(place, 'nginx', annotations(policy, replicas.name)), replicas.service];
}

const annotations = (policy: StreamPolicy, anyReplica: string): readonly Line[] => [
  annotationOf(
    'proxy-buffering',
    'off',
    "set here because the controller's ConfigMap may say on; a buffered event arrives late",
  ),
  annotationOf(
    'proxy-read-timeout',
    String(policy.idleSeconds),
    'silence for longer cuts the stream; whole seconds without a unit, "60s" is refused',
    ['idleSeconds'],
  ),
  annotationOf('proxy-http-version', '1.1', 'chunks and connection reuse need HTTP/1.1'),
  annotationOf('proxy-connect-timeout', '5', 'a replica that is gone is given up before the client gives up'),
  annotationOf(
    'proxy-next-upstream',
    'error timeout',
    'a refused connection goes to the next replica; a stream that has begun cannot be moved',
  ),
  annotationOf(
    'default-backend',
    anyReplica,
    'while no replica is ready, those that are not are asked: they refuse softly, where 503 would end an EventSource for good',
  ),
  ...affinity(policy.stickiness),
];

function affinity(stickiness: StreamPolicy['stickiness']): readonly Line[] {
  if (stickiness === 'none') return [];
  const { cookie, seconds } = stickiness;
  return [
    annotationOf('affinity', 'cookie', 'a client comes back to its replica while it is there', ['stickiness']),
    annotationOf(
      'affinity-mode',
      'balanced',
      'new replicas get their share of old clients; "persistent" would pin them',
    ),
    annotationOf('session-cookie-name', cookie, 'the name of the cookie', ['stickiness']),
    annotationOf('session-cookie-max-age', String(seconds), 'not longer than a stream may live', ['stickiness']),
    annotationOf('session-cookie-expires', String(seconds), 'the same for clients that know no Max-Age', [
      'stickiness',
    ]),
    annotationOf(
      'session-cookie-change-on-failure',
      'true',
      'without it a client is led back to the replica that just failed',
    ),
  ];
}

const parsedIn = (file: string): string => `kubernetes/ingress-nginx:internal/ingress/annotations/${file}, v1.15.1`;
const wholeSeconds = (file: string): Grammar => ({
  accepts: /^\d+$/,
  says: 'whole seconds, without a unit',
  source: parsedIn(file),
});
const oneOf = (file: string, ...words: readonly string[]): Grammar => ({
  accepts: new RegExp(`^(?:${words.map((word) => word.replaceAll('.', '\\.')).join('|')})$`),
  says: words.join(' or '),
  source: parsedIn(file),
});

const byService = { because: 'done by the service' };

/** The ingress-nginx controller: annotations of the Ingress. Retired since March 2026, and still everywhere. */
export const ingressNginx = defineEdge({
  id: 'ingress-nginx',
  title: 'ingress-nginx',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'proxy-read-timeout' },
    maxStreamAgeSeconds: { because: 'has no duration cap' },
    maxStreamAgeJitter: { because: 'has no duration cap' },
    retryMs: { because: 'while no replica is ready, one that is not refuses softly, with a retry of its own' },
    retryJitter: { because: 'as retryMs' },
    propagationSeconds: { because: 'the controller learns of endpoints by itself; see the kubernetes target' },
    drainSeconds: { because: 'worker-shutdown-timeout is controller-wide; see the limit' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'limits request bodies only, and its 1 MB is above what the service takes' },
    slowClientBytes: byService,
    maxStreams: { because: 'max-worker-connections is controller-wide and per worker' },
    maxStreamsPerUser: { because: 'http2-max-concurrent-streams is controller-wide; see the limit' },
    connectRatePerSecond: { because: 'limit-rps answers 503, which ends an EventSource; the service admits instead' },
    keepAliveSeconds: { because: 'upstream-keepalive-timeout is controller-wide; see the limit' },
    stickiness: { as: 'affinity, session-cookie-name, session-cookie-max-age' },
  },
  limits: [
    poolLimit(vendor('upstream-keepalive-timeout 60'), controller.upstreamKeepaliveSeconds),
    reloadLimit(vendor('worker-shutdown-timeout 240s'), controller.workerShutdownSeconds, 'worker-shutdown-timeout'),
    cookieNameLimit(
      { ...vendor(''), source: parsedIn('parser/validators.go, BasicCharsRegex') },
      /[^A-Za-z0-9\-_.~/]/g,
      'letters, digits and - _ . ~ /',
    ),
    http2Limit(vendor('http2-max-concurrent-streams 128'), controller.http2Streams),
  ],
  minimumVersions: [
    {
      of: 'ingress-nginx',
      version: '1.9.0',
      because: 'values are validated from there on. It is retired: 1.15.1 of March 2026 is its last release',
    },
  ],
  grammar: {
    [`${prefix}proxy-buffering`]: oneOf('proxy/main.go', 'on', 'off'),
    [`${prefix}proxy-read-timeout`]: wholeSeconds('proxy/main.go'),
    [`${prefix}proxy-connect-timeout`]: wholeSeconds('proxy/main.go'),
    [`${prefix}proxy-http-version`]: oneOf('proxy/main.go', '1.0', '1.1'),
    [`${prefix}proxy-next-upstream`]: {
      accepts: /^(?:(?:error|timeout|invalid_header|http_\d{3}|non_idempotent|off)(?: |$))+$/,
      says: 'words of proxy_next_upstream with a space between them',
      source: parsedIn('proxy/main.go'),
    },
    [`${prefix}default-backend`]: {
      accepts: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
      says: 'the name of a Service in the same namespace',
      source: parsedIn('defaultbackend/main.go, ValidateServiceName'),
    },
    [`${prefix}affinity`]: oneOf('sessionaffinity/main.go', 'cookie'),
    [`${prefix}affinity-mode`]: oneOf('sessionaffinity/main.go', 'balanced', 'persistent'),
    [`${prefix}session-cookie-name`]: {
      accepts: /^[A-Za-z0-9\-_.~/]+$/,
      says: 'letters, digits and - _ . ~ /',
      source: parsedIn('parser/validators.go, BasicCharsRegex'),
    },
    [`${prefix}session-cookie-max-age`]: wholeSeconds('sessionaffinity/main.go'),
    [`${prefix}session-cookie-expires`]: wholeSeconds('sessionaffinity/main.go'),
    [`${prefix}session-cookie-change-on-failure`]: oneOf('sessionaffinity/main.go', 'true', 'false'),
  },
  controller: () => [
    setting('upstream-keepalive-timeout', controller.upstreamKeepaliveSeconds, 'the default: below keepAliveSeconds'),
    setting(
      'worker-shutdown-timeout',
      `${controller.workerShutdownSeconds}s`,
      "the default: each change of an Ingress cuts its old workers' streams after it",
    ),
    setting(
      'log-format-upstream',
      '… "$request_method $uri" …',
      'the default logs $request, and with its query the tokens in it',
    ),
  ],
  migration: {
    ...(Object.fromEntries(ingressNginxAnnotations.map((key) => [key, { now: `${prefix}${key}` }])) as Migration),
    'limit-connections': { unneeded: 'it answers 503, which ends an EventSource for good: the service admits streams' },
    'limit-rps': { unneeded: 'it answers 503, which ends an EventSource for good: the service admits streams' },
    'configuration-snippet': { unneeded: 'nothing here needs one, and snippets are off by default since 1.9.0' },
    'server-snippet': { unneeded: 'nothing here needs one, and snippets are off by default since 1.9.0' },
  },
  manifests,
  read: (config) => {
    const given = ofKind(config.manifests, 'Ingress')?.metadata.annotations ?? {};
    const value = (key: string): string | undefined => given[`${prefix}${key}`];
    return { ...hopOf(value), refusals: refusalsOf(config.manifests, value('default-backend')) };
  },
});

/** A timeout that is not a bare integer counts as the default: the controller ignores it. */
function hopOf(value: (key: string) => string | undefined): Hop {
  const timeout = value('proxy-read-timeout') ?? '60';
  const buffering = value('proxy-buffering') ?? 'off';
  return {
    target: 'ingress-nginx',
    idleTimers: [{ value: /^\d+$/.test(timeout) ? Number(timeout) : 60, setting: `proxy-read-timeout: "${timeout}"` }],
    buffering: { value: buffering === 'on', setting: `proxy-buffering: "${buffering}"` },
    poolIdle: {
      value: controller.upstreamKeepaliveSeconds,
      setting: `upstream-keepalive-timeout: ${controller.upstreamKeepaliveSeconds} (controller default)`,
    },
    reloadWindow: {
      value: controller.workerShutdownSeconds,
      setting: `worker-shutdown-timeout: ${controller.workerShutdownSeconds}s (controller default)`,
    },
    streamsPerConnection: {
      value: controller.http2Streams,
      setting: `http2-max-concurrent-streams: ${controller.http2Streams} (controller default)`,
    },
    stickiness: affinityOf(value),
  };
}

/** Without active endpoints the request goes to the default backend as it is; only replicas refuse an event stream softly. */
function refusalsOf(manifests: readonly Manifest[], name: string | undefined): Fact<'soft' | 'fatal'> {
  const service = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name);
  const notReadyToo = at(service?.spec, 'publishNotReadyAddresses') === true;
  return {
    value: notReadyToo ? 'soft' : 'fatal',
    setting: name === undefined ? 'no default-backend' : `default-backend: ${name}`,
  };
}

/** Without a max-age the cookie lives as long as the browser session: no end that could be compared. */
function affinityOf(value: (key: string) => string | undefined): Fact<Stickiness | 'none'> {
  if (value('affinity') !== 'cookie') return { value: 'none', setting: 'affinity: none' };
  const maxAge = value('session-cookie-max-age');
  const seconds = maxAge === undefined ? Number.POSITIVE_INFINITY : Number(maxAge);
  const cookie = value('session-cookie-name') ?? 'INGRESSCOOKIE';
  return { value: { cookie, seconds }, setting: `session-cookie-max-age: "${maxAge ?? ''}"` };
}
