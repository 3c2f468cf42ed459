import { defaults, type Hop, type StreamPolicy } from '../policy/index.ts';

/**
 * One way to break each rule. docs/rules.md shows the message it brings; the tests demand one for every rule and that it
 * breaks this rule indeed.
 */
export const brokenPolicies: Readonly<Record<string, Partial<StreamPolicy>>> = {
  'heartbeat-outpaces-idle': { heartbeatSeconds: 30 },
  'heartbeats-are-affordable': { heartbeatSeconds: 1 },
  'keep-alive-outlives-pools': { keepAliveSeconds: 60 },
  'retry-is-honoured': { retryMs: 600 },
  'retry-is-spread': { retryJitter: 0.1 },
  'drain-matches-admission': { drainSeconds: 10 },
  'replay-covers-absence': { replaySeconds: 60 },
  'watchdog-fits-replay': { heartbeatSeconds: 200 },
  'stickiness-within-age': { maxStreamAgeSeconds: 900 },
  'slow-limit-holds-events': { slowClientBytes: 65_536 },
};

/** The same for the limits of targets. */
export const brokenLimits: Readonly<Record<string, Partial<StreamPolicy>>> = {
  'nginx-ports-per-replica': { maxStreams: 50_000 },
  'haproxy-ports-per-replica': { maxStreams: 50_000 },
  'apache-cookie-name': { stickiness: { cookie: 'SSE|KIT', seconds: 3600 } },
  'apache-ports-per-replica': { maxStreams: 50_000 },
  'varnish-ports-per-replica': { maxStreams: 50_000 },
  'caddy-ports-per-replica': { maxStreams: 50_000 },
  'caddy-http2-streams': { maxStreamsPerUser: 250 },
  'envoy-ports-per-replica': { maxStreams: 50_000 },
  'traefik-ports-per-replica': { maxStreams: 50_000 },
  'cloudflare-read-timeout': { idleSeconds: 115 },
  'alb-idle-timeout': { idleSeconds: 7200 },
  // outside the field's own range: the limit is for policies that were made without definePolicy
  'alb-deregistration-delay': { propagationSeconds: 4000 },
  'alb-http2-streams': { maxStreamsPerUser: 128 },
  'cloudfront-read-timeout': { idleSeconds: 180 },
  // outside of what heartbeats allow: the limit is for policies that were made without definePolicy
  'cloudfront-keepalive-timeout': { idleSeconds: 5 },
  'ingress-nginx-upstream-keepalive': { keepAliveSeconds: 60 },
  'ingress-nginx-worker-shutdown': { drainSeconds: 300 },
  'ingress-nginx-cookie-name': { stickiness: { cookie: 'SSE%KIT', seconds: 3600 } },
  'ingress-nginx-http2-streams': { maxStreamsPerUser: 128 },
  'traefik-ingress-http2-streams': { maxStreamsPerUser: 250 },
  'aws-load-balancer-controller-idle-timeout': { idleSeconds: 7200 },
  'aws-load-balancer-controller-http2-streams': { maxStreamsPerUser: 128 },
  'aws-load-balancer-controller-deregistration-delay': { drainSeconds: 3600 },
  'nginx-ingress-upstream-keepalive': { keepAliveSeconds: 60 },
  'nginx-ingress-http2-streams': { maxStreamsPerUser: 128 },
  'nginx-ingress-cookie-name': { stickiness: { cookie: 'SSE%KIT', seconds: 3600 } },
  'haproxy-ingress-upstream-keepalive': { keepAliveSeconds: 50 },
  'haproxy-ingress-http2-streams': { maxStreamsPerUser: 100 },
  'haproxy-ingress-cookie-name': { stickiness: { cookie: 'SSE%KIT', seconds: 3600 } },
  'envoy-gateway-http2-streams': { maxStreamsPerUser: 100 },
  'nginx-gateway-fabric-read-timeout': { idleSeconds: 10_000 },
  'nginx-gateway-fabric-worker-connections': { maxStreams: 50_000 },
  'nginx-gateway-fabric-http2-streams': { maxStreamsPerUser: 128 },
  'nginx-gateway-fabric-stickiness': { stickiness: { cookie: 'SSEKIT', seconds: 3600 } },
  'gke-gateway-upstream-keepalive': { keepAliveSeconds: 300 },
  'gke-gateway-draining-timeout': { drainSeconds: 3600 },
  'contour-stickiness': { stickiness: { cookie: 'SSEKIT', seconds: 3600 } },
  'kong-upstream-keepalive': { keepAliveSeconds: 60 },
  'kong-http2-streams': { maxStreamsPerUser: 128 },
  'kong-stickiness': { stickiness: { cookie: 'SSEKIT', seconds: 3600 } },
  'ecs-stop-timeout': { drainSeconds: 300 },
  'ecs-open-files': { maxStreams: 1_000_000 },
  'kubernetes-scale-down-period': { drainSeconds: 1800 },
  'elasticache-buffer-limit': { maxEventBytes: 16_777_216 },
};

/** Hops that break a rule under the default policy, in the words of a vendor where that is common. */
export const brokenHops: Readonly<Record<string, Hop>> = {
  'idle-timer-outlasts-silence': {
    target: 'haproxy',
    idleTimers: [{ value: 50, setting: 'timeout server 50s', at: 'haproxy.cfg:12' }],
  },
  'no-cap-below-stream-age': { target: 'envoy', durationCaps: [{ value: 15, setting: 'route timeout 15s (default)' }] },
  'streams-are-not-buffered': {
    target: 'nginx',
    buffering: { value: true, setting: 'proxy_buffering on (default)' },
  },
  'streams-are-not-compressed': {
    target: 'nginx',
    compression: { value: true, setting: 'gzip on', at: 'site.conf:4' },
  },
  'streams-are-not-cached': {
    target: 'nginx',
    caching: { value: true, setting: 'proxy_cache site', at: 'site.conf:9' },
  },
  'stream-headers': {
    target: 'service',
    headers: { value: { 'content-type': 'text/event-stream' }, setting: 'response headers' },
  },
  'pool-closes-before-service': { target: 'envoy', poolIdle: { value: 3600, setting: 'idle_timeout 1h (default)' } },
  'service-keeps-connections': {
    target: 'service',
    keepAlive: { value: 5, setting: 'keepAliveTimeout 5000 ms (default)' },
  },
  'streams-fit-the-hop': { target: 'envoy', streamLimit: { value: 1024, setting: 'max_requests 1024 (default)' } },
  'connection-carries-a-users-streams': {
    target: 'nginx',
    streamsPerConnection: { value: 8, setting: 'http2_max_concurrent_streams 8', at: 'site.conf:3' },
  },
  'affinity-ends-with-the-stream': {
    target: 'alb',
    stickiness: {
      value: { cookie: 'AWSALB', seconds: 86_400 },
      setting: 'stickiness.lb_cookie.duration_seconds=86400',
    },
  },
  'refusals-are-soft': { target: 'nginx', refusals: { value: 'fatal', setting: 'no error_page for 502 503 504' } },
  'tokens-stay-out-of-logs': { target: 'nginx', logsQuery: { value: true, setting: 'access_log combined (default)' } },
  'routing-forgets-before-stop': {
    target: 'kubernetes',
    propagation: { value: 0, setting: 'preStop.sleep.seconds: 0' },
  },
  'drain-fits-the-deadline': { target: 'ecs', stopWindow: { value: 30, setting: 'stopTimeout=30' } },
  'reload-outlasts-drain': {
    target: 'nginx',
    reloadWindow: { value: 10, setting: 'worker_shutdown_timeout 10s', at: 'nginx.conf:2' },
  },
  'history-before-notice': {
    target: 'service',
    history: { value: { seconds: 60, beforeNotice: true }, setting: 'replaySeconds 60' },
  },
  'subscriber-survives-bursts': {
    target: 'redis',
    subscriberBuffer: { value: 1_048_576, setting: 'client-output-buffer-limit pubsub 4mb 1mb 60', at: 'redis.conf:7' },
  },
  'history-is-not-evicted': {
    target: 'elasticache',
    evictsHistory: { value: true, setting: 'maxmemory-policy=volatile-lru' },
  },
  'scale-in-waits-for-streams': {
    target: 'hpa',
    scaleIn: { value: { stabilization: 300, step: 15 }, setting: 'scaleDown.stabilizationWindowSeconds: 300' },
  },
};

/** An example as a policy to judge: not through definePolicy, which would refuse it. */
export const withDefaults = (overrides: Partial<StreamPolicy> = {}): StreamPolicy => ({ ...defaults, ...overrides });
