import { type Fact, type Hop, policyRule, type Stickiness, type StreamPolicy } from '../policy/index.ts';
import { numberFrom, type Setting, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** Annotations of an Ingress, without their prefix. Every value is a string; timeouts are whole seconds without a unit. */
export interface IngressNginxConfig {
  readonly annotations: Values;
}

export const ingressNginxPrefix = 'nginx.ingress.kubernetes.io/';

/**
 * Controller-wide values that no annotation reaches, with the controller's defaults
 * (kubernetes/ingress-nginx docs/user-guide/nginx-configuration/configmap.md).
 */
const controller = { upstreamKeepaliveSeconds: 60, workerShutdownSeconds: 240, http2Streams: 128 };

function annotations(policy: StreamPolicy): readonly Setting[] {
  return [
    setting(
      'proxy-buffering',
      'off',
      "set here because the controller's ConfigMap may say on; a buffered event arrives late",
    ),
    setting(
      'proxy-read-timeout',
      String(policy.idleSeconds),
      'silence for longer cuts the stream; whole seconds without a unit, "60s" is refused',
      ['idleSeconds'],
    ),
    setting('proxy-http-version', '1.1', 'chunks and connection reuse need HTTP/1.1'),
    setting('proxy-connect-timeout', '5', 'a replica that is gone is given up before the client gives up'),
    setting(
      'proxy-next-upstream',
      'error timeout',
      'a refused connection goes to the next replica; a stream that has begun cannot be moved',
    ),
    ...affinity(policy.stickiness),
  ];
}

function affinity(stickiness: StreamPolicy['stickiness']): readonly Setting[] {
  if (stickiness === 'none') return [];
  return [
    setting('affinity', 'cookie', 'a client comes back to its replica while it is there', ['stickiness']),
    setting('affinity-mode', 'balanced', 'new replicas get their share of old clients; "persistent" would pin them'),
    setting('session-cookie-name', stickiness.cookie, 'the name of the cookie', ['stickiness']),
    setting('session-cookie-max-age', String(stickiness.seconds), 'not longer than a stream may live', ['stickiness']),
    setting('session-cookie-expires', String(stickiness.seconds), 'the same for clients that know no Max-Age', [
      'stickiness',
    ]),
    setting(
      'session-cookie-change-on-failure',
      'true',
      'without it a client is led back to the replica that just failed',
    ),
  ];
}

const byService = { because: 'done by the service' };

/** The ingress-nginx controller: annotations of the Ingress. Retired since March 2026, and still everywhere. */
export const ingressNginx = defineTarget<IngressNginxConfig>({
  id: 'ingress-nginx',
  title: 'ingress-nginx',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'proxy-read-timeout' },
    maxStreamAgeSeconds: { because: 'has no duration cap' },
    maxStreamAgeJitter: { because: 'has no duration cap' },
    retryMs: { because: 'a soft-fail of its own would need a snippet, and snippets are off by default' },
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
    policyRule({
      id: 'ingress-nginx-upstream-keepalive',
      why: 'the controller pools connections for 60 s and no annotation changes that',
      source: 'kubernetes/ingress-nginx configmap.md: upstream-keepalive-timeout 60',
      fields: ['keepAliveSeconds'],
      broken: ({ keepAliveSeconds }) => {
        const least = controller.upstreamKeepaliveSeconds + 5;
        return (
          keepAliveSeconds < least &&
          `keepAliveSeconds (${keepAliveSeconds}) must be at least ${least}, because ingress-nginx pools connections for ${controller.upstreamKeepaliveSeconds} s; raise keepAliveSeconds to ${least}`
        );
      },
    }),
    policyRule({
      id: 'ingress-nginx-worker-shutdown',
      why: 'a reload of the controller cuts what its old workers still carry after this time',
      source: 'kubernetes/ingress-nginx configmap.md: worker-shutdown-timeout 240s',
      fields: ['drainSeconds'],
      broken: ({ drainSeconds }) =>
        drainSeconds > controller.workerShutdownSeconds &&
        `drainSeconds (${drainSeconds}) must be at most ${controller.workerShutdownSeconds}, ingress-nginx's worker-shutdown-timeout; lower drainSeconds to ${controller.workerShutdownSeconds}`,
    }),
    policyRule({
      id: 'ingress-nginx-http2-streams',
      why: 'further streams of the same browser wait without an error',
      source: 'kubernetes/ingress-nginx configmap.md: http2-max-concurrent-streams 128',
      fields: ['maxStreamsPerUser'],
      broken: ({ maxStreamsPerUser }) => {
        const most = controller.http2Streams - 10;
        return (
          maxStreamsPerUser > most &&
          `maxStreamsPerUser (${maxStreamsPerUser}) must be at most ${most}: ingress-nginx carries ${controller.http2Streams} requests on one HTTP/2 connection; lower maxStreamsPerUser to ${most}`
        );
      },
    }),
  ],
  render: (policy) => ({ annotations: valuesOf(annotations(policy)) }),
  read,
  files: (policy) => ({
    'ingress-nginx.yaml': settingsFile(
      `ingress-nginx: annotations for the stream's Ingress, each with the prefix ${ingressNginxPrefix}`,
      { annotations: annotations(policy) },
    ),
  }),
});

/** Accepts keys with or without the prefix. A timeout that is not a bare integer counts as the default: the controller ignores it. */
function read(config: IngressNginxConfig): Hop {
  const values = Object.fromEntries(
    Object.entries(config.annotations).map(([key, value]) => [key.replace(ingressNginxPrefix, ''), value]),
  );
  const timeout = /^\d+$/.test(String(values['proxy-read-timeout'])) ? Number(values['proxy-read-timeout']) : 60;
  const buffering = String(values['proxy-buffering'] ?? 'off');
  return {
    target: 'ingress-nginx',
    idleTimers: [{ value: timeout, setting: `proxy-read-timeout: "${values['proxy-read-timeout'] ?? '60'}"` }],
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
    stickiness: readAffinity(values),
  };
}

/** Without a max-age the cookie lives as long as the browser session: no end that could be compared. */
function readAffinity(values: Values): Fact<Stickiness | 'none'> {
  if (values.affinity !== 'cookie') return { value: 'none', setting: 'affinity: none' };
  const seconds = numberFrom(values, 'session-cookie-max-age', Number.POSITIVE_INFINITY);
  const cookie = String(values['session-cookie-name'] ?? 'INGRESSCOOKIE');
  return { value: { cookie, seconds }, setting: `session-cookie-max-age: "${values['session-cookie-max-age'] ?? ''}"` };
}
