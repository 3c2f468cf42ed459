import {
  durationCapSeconds,
  type Fact,
  type Hop,
  policyRule,
  type Stickiness,
  type StreamPolicy,
} from '../policy/index.ts';
import { numberFrom, type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** Attributes as the Elastic Load Balancing API spells them, and the health check's properties. */
export interface AlbConfig {
  readonly loadBalancer: Values;
  readonly targetGroup: Values;
  readonly healthCheck: Values;
  /** The QUERY_TOKENS of the service behind, where it is known: with false no token travels in a URL. @default true */
  readonly queryTokens?: boolean;
}

/** Ranges by the ELB v2 API (ModifyLoadBalancerAttributes, ModifyTargetGroupAttributes). CDK checks none of the first two. */
const idleLimit = { least: 1, most: 4000 };
const deregistrationLimit = { least: 0, most: 3600 };
const clientKeepAliveLimit = { least: 60, most: 604_800 };

/** Concurrent HTTP/2 requests on one client connection; fixed (ELB user guide, "HTTP/2"). */
const http2Streams = 128;

/** Shorter and a target that is being replaced loses requests that are already on their way (ECS developer guide). */
const shortestDeregistration = 10;

/** Every attribute with its reason, by the resource it belongs to. */
export function albSettings(policy: StreamPolicy): SettingGroups<Exclude<keyof AlbConfig, 'queryTokens'>> {
  return {
    loadBalancer: [
      setting(
        'idle_timeout.timeout_seconds',
        String(policy.idleSeconds),
        'silence for longer cuts the stream; heartbeats are bytes and reset it, HTTP/2 PING is not',
        ['idleSeconds'],
      ),
      setting(
        'client_keep_alive.seconds',
        String(Math.max(clientKeepAliveLimit.least, durationCapSeconds(policy))),
        "a client's connection is kept for longer than any stream on it lives",
        ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
      ),
      setting(
        'routing.http2.enabled',
        'true',
        'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good',
      ),
      setting(
        'routing.http.drop_invalid_header_fields.enabled',
        'true',
        'header names that only some hops understand are how requests get smuggled',
      ),
    ],
    targetGroup: [
      setting(
        'load_balancing.algorithm.type',
        'least_outstanding_requests',
        'an open stream is an outstanding request: new streams go to the replica that holds the fewest',
      ),
      setting(
        'deregistration_delay.timeout_seconds',
        String(Math.max(shortestDeregistration, policy.propagationSeconds)),
        'until routing has forgotten a stopping task; the default of 300 s only delays every deployment',
        ['propagationSeconds'],
      ),
      ...stickinessSettings(policy.stickiness),
    ],
    healthCheck: [
      setting(
        'path',
        '/readyz',
        'false for a replica without its store, which would turn away, at once, every stream that is sent to it as the least busy one',
      ),
      setting('intervalSeconds', 10, 'a replica that hears nothing of the store is found within two minutes'),
      setting('timeoutSeconds', 5, 'must be shorter than the interval'),
      setting('healthyThreshold', 2, 'a new task takes streams twenty seconds after it is ready'),
      setting(
        'unhealthyThreshold',
        10,
        'ECS stops what is unhealthy, and its streams with it: a failover of the store must be over by then',
      ),
    ],
  };
}

function stickinessSettings(stickiness: StreamPolicy['stickiness']) {
  if (stickiness === 'none')
    return [setting('stickiness.enabled', 'false', 'no affinity: any replica can resume any stream', ['stickiness'])];
  return [
    setting(
      'stickiness.enabled',
      'true',
      'a client comes back to its replica while it is there, whose memory answers its resume',
      ['stickiness'],
    ),
    setting(
      'stickiness.type',
      'lb_cookie',
      "the balancer's own cookie; its name AWSALB is fixed, so the policy's cookie name is not used",
    ),
    setting('stickiness.lb_cookie.duration_seconds', String(stickiness.seconds), 'not longer than a stream may live', [
      'stickiness',
    ]),
  ];
}

/** AWS Application Load Balancer: attributes of the balancer and of the service's target group. */
export const alb = defineTarget<AlbConfig>({
  id: 'alb',
  title: 'AWS Application Load Balancer',
  coverage: {
    heartbeatSeconds: { because: 'written by the service; the balancer only has to wait long enough, see idleSeconds' },
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'idle_timeout.timeout_seconds' },
    maxStreamAgeSeconds: { as: 'client_keep_alive.seconds' },
    maxStreamAgeJitter: { as: 'client_keep_alive.seconds' },
    retryMs: { because: 'sent by the service; a balancer cannot answer with an event stream' },
    retryJitter: { because: 'sent by the service' },
    propagationSeconds: { as: 'deregistration_delay.timeout_seconds' },
    drainSeconds: { because: 'ECS stops a task only after deregistration; see the ecs target' },
    replaySeconds: { because: 'history is kept by the service' },
    replayMaxEvents: { because: 'history is kept by the service' },
    maxEventBytes: { because: 'no limit on response size' },
    slowClientBytes: { because: 'enforced by the service' },
    maxStreams: { because: 'scales by itself; no limit per target' },
    maxStreamsPerUser: { because: 'fixed at 128 requests per HTTP/2 connection; see the limit' },
    connectRatePerSecond: { because: 'enforced by the service' },
    keepAliveSeconds: { because: 'connections to targets are pooled for the idle timeout' },
    stickiness: { as: 'stickiness.enabled, stickiness.lb_cookie.duration_seconds' },
  },
  limits: [
    policyRule({
      id: 'alb-idle-timeout',
      why: 'the ELB API rejects other values, and CDK passes them on unchecked',
      source: 'docs.aws.amazon.com/elasticloadbalancing/latest/application: idle_timeout.timeout_seconds 1 to 4000',
      fields: ['idleSeconds'],
      broken: ({ idleSeconds }) =>
        idleSeconds > idleLimit.most &&
        `idleSeconds (${idleSeconds}) must be at most ${idleLimit.most}, the ALB's idle timeout limit; lower idleSeconds to ${idleLimit.most}`,
    }),
    policyRule({
      id: 'alb-deregistration-delay',
      why: 'the ELB API rejects other values, and CDK passes them on unchecked',
      source: 'docs.aws.amazon.com/elasticloadbalancing: deregistration_delay.timeout_seconds 0 to 3600',
      fields: ['propagationSeconds'],
      broken: ({ propagationSeconds }) =>
        propagationSeconds > deregistrationLimit.most &&
        `propagationSeconds (${propagationSeconds}) must be at most ${deregistrationLimit.most}, the ALB's deregistration delay limit; lower propagationSeconds to ${deregistrationLimit.most}`,
    }),
    policyRule({
      id: 'alb-http2-streams',
      why: 'further streams of the same browser wait without an error',
      source: 'docs.aws.amazon.com/elasticloadbalancing: up to 128 requests in parallel on one HTTP/2 connection',
      fields: ['maxStreamsPerUser'],
      broken: ({ maxStreamsPerUser }) =>
        maxStreamsPerUser > http2Streams - 10 &&
        `maxStreamsPerUser (${maxStreamsPerUser}) must be at most ${http2Streams - 10}: the ALB carries ${http2Streams} requests on one HTTP/2 connection and a page needs some itself; lower maxStreamsPerUser to ${http2Streams - 10}`,
    }),
  ],
  render: (policy) => {
    const { loadBalancer, targetGroup, healthCheck } = albSettings(policy);
    return {
      loadBalancer: valuesOf(loadBalancer),
      targetGroup: valuesOf(targetGroup),
      healthCheck: valuesOf(healthCheck),
    };
  },
  read,
  files: (policy) => ({
    'alb.yaml': settingsFile('AWS Application Load Balancer: attributes for streams', albSettings(policy)),
  }),
});

/** Values that are not set count with the ELB API's defaults. */
function read({ loadBalancer, targetGroup, queryTokens }: AlbConfig): Hop {
  return { ...readBalancer(loadBalancer, queryTokens), ...readTargetGroup(targetGroup) };
}

/** The part of the hop that the balancer's own attributes decide. */
export function readBalancer(attributes: Values, queryTokens = true): Hop {
  const idle = numberFrom(attributes, 'idle_timeout.timeout_seconds', 60);
  const idleSetting = `idle_timeout.timeout_seconds=${idle}`;
  const http2 = attributes['routing.http2.enabled'] ?? 'true';
  const logs = String(attributes['access_logs.s3.enabled']) === 'true';
  return {
    target: 'alb',
    idleTimers: [{ value: idle, setting: idleSetting }],
    poolIdle: { value: idle, setting: idleSetting },
    ...(String(http2) === 'true' && {
      streamsPerConnection: { value: http2Streams, setting: 'routing.http2.enabled=true' },
    }),
    // the whole URL, always: what can be left out is the token in it
    ...(logs && {
      logsQuery: { value: queryTokens, setting: `access_logs.s3.enabled=true, QUERY_TOKENS=${queryTokens}` },
    }),
  };
}

/** The part that the attributes of a target group decide. */
export function readTargetGroup(attributes: Values): Hop {
  const delay = numberFrom(attributes, 'deregistration_delay.timeout_seconds', 300);
  return {
    target: 'alb',
    propagation: { value: delay, setting: `deregistration_delay.timeout_seconds=${delay}` },
    stickiness: readStickiness(attributes),
  };
}

function readStickiness(targetGroup: Values): Fact<Stickiness | 'none'> {
  if (String(targetGroup['stickiness.enabled']) !== 'true')
    return { value: 'none', setting: 'stickiness.enabled=false' };
  const type = String(targetGroup['stickiness.type'] ?? 'lb_cookie');
  const key = `stickiness.${type}.duration_seconds`;
  const seconds = numberFrom(targetGroup, key, 86_400);
  const cookie = String(targetGroup['stickiness.app_cookie.cookie_name'] ?? 'AWSALB');
  return { value: { cookie, seconds }, setting: `${key}=${seconds}` };
}
