import type { StreamPolicy } from '../../lib/policy/index.ts';

/** What a target says when one policy field has one other value. */
export interface Spelling {
  readonly value: StreamPolicy[keyof StreamPolicy];
  /** Other fields without which the value would not be a policy. */
  readonly given?: Partial<StreamPolicy>;
  /** Exact text of the rendered files: key, value, unit and quotes. */
  readonly says: readonly string[];
}

type Spellings = Readonly<Partial<Record<keyof StreamPolicy, Spelling>>>;

const inPolicy = (field: keyof StreamPolicy, value: Spelling['value'], ...more: readonly string[]): Spelling => ({
  value,
  // JSON inside a YAML string
  says: [JSON.stringify(`"${field}":${JSON.stringify(value)}`).slice(1, -1), ...more],
});

const node = { cookie: 'NODE', seconds: 1800 };

/** By target and field: the right unit, in the vendor's spelling. */
export const spellings: Readonly<Record<string, Spellings>> = {
  nginx: {
    idleSeconds: { value: 90, says: ['proxy_read_timeout 90s;', 'keepalive_timeout 90s;'] },
    maxStreamAgeSeconds: { value: 7200, says: ['worker_shutdown_timeout 7950s;'] },
    maxStreamAgeJitter: { value: 0.2, says: ['worker_shutdown_timeout 4350s;'] },
    retryMs: { value: 4000, says: ['10% 2000;', '* 6000;', 'add_header Retry-After 4 always;'] },
    retryJitter: { value: 0.3, says: ['10% 2100;', '* 3900;'] },
    maxStreams: { value: 25_000, says: ['worker_connections 62700;', 'worker_rlimit_nofile 125400;'] },
    maxStreamsPerUser: { value: 200, says: ['http2_max_concurrent_streams 210;'] },
    stickiness: { value: node, says: ['# sticky cookie NODE expires=1800s path=/ httponly;'] },
  },
  haproxy: {
    idleSeconds: { value: 90, says: ['timeout server 90s', 'timeout client 90s', 'pool-purge-delay 9000ms'] },
    maxStreamAgeSeconds: { value: 7200, says: ['hard-stop-after 7950s'] },
    maxStreamAgeJitter: { value: 0.2, says: ['hard-stop-after 4350s'] },
    retryMs: { value: 4000, says: ['%[rand(4001),add(2000)]', 'set-header Retry-After 4 '] },
    retryJitter: { value: 0.3, says: ['%[rand(1801),add(2100)]'] },
    maxStreams: { value: 25_000, says: ['maxconn 31350'] },
    maxStreamsPerUser: { value: 200, says: ['tune.h2.max-concurrent-streams 210'] },
    keepAliveSeconds: { value: 300, says: ['timeout http-keep-alive 300s'] },
    stickiness: { value: node, says: ['cookie NODE insert indirect nocache httponly maxlife 1800s'] },
  },
  caddy: {
    idleSeconds: { value: 90, says: ['read_timeout 90s', 'keepalive 90s'] },
    maxStreamAgeSeconds: { value: 7200, says: ['grace_period 7950s'] },
    maxStreamAgeJitter: { value: 0.2, says: ['grace_period 4350s'] },
    retryMs: { value: 4000, says: ['~^[01] 2000', 'default 6000', 'header Retry-After 4'] },
    retryJitter: { value: 0.3, says: ['~^[01] 2100', 'default 3900'] },
    drainSeconds: { value: 60, says: ['TimeoutStopSec=60'] },
    maxStreams: { value: 25_000, says: ['LimitNOFILE=125400'] },
    stickiness: { value: node, says: ['# lb_policy cookie NODE {', '# \tmax_age 1800s'] },
  },
  apache: {
    idleSeconds: { value: 90, says: ['route=1 timeout=90 ', 'ttl=90 '] },
    maxStreamAgeSeconds: { value: 7200, says: ['GracefulShutdownTimeout 7950'] },
    maxStreamAgeJitter: { value: 0.2, says: ['GracefulShutdownTimeout 4350'] },
    retryMs: { value: 4000, says: ['ms 2000|', '|6000\n', 'Header always set Retry-After 4 '] },
    retryJitter: { value: 0.3, says: ['ms 2100|', '|3900\n'] },
    maxStreams: { value: 25_000, says: ['MaxRequestWorkers 30400', 'ServerLimit 152'] },
    maxStreamsPerUser: { value: 200, says: ['H2MaxSessionStreams 210'] },
    stickiness: { value: node, says: ['stickysession=NODE', 'Max-Age=1800;'] },
  },
  envoy: {
    idleSeconds: { value: 90, says: ['idle_timeout: 90s', 'stream_idle_timeout: 90s'] },
    maxStreamAgeSeconds: { value: 7200, says: ['--parent-shutdown-time-s 7950'] },
    maxStreamAgeJitter: { value: 0.2, says: ['--parent-shutdown-time-s 4350'] },
    retryMs: { value: 4000, says: ['"retry: 2000\\nid: ', '"retry: 6000\\nid: ', 'key: retry-after, value: "4"'] },
    retryJitter: { value: 0.3, says: ['"retry: 2100\\nid: ', '"retry: 3900\\nid: '] },
    propagationSeconds: { value: 20, says: ['drain_timeout: 20s'] },
    drainSeconds: { value: 60, says: ['--drain-time-s 60 ', 'TimeoutStopSec=60'] },
    maxStreams: {
      value: 25_000,
      says: ['max_requests: 75200', 'max_active_downstream_connections: 62700', 'LimitNOFILE=125400'],
    },
    maxStreamsPerUser: { value: 200, says: ['max_concurrent_streams: 210'] },
    keepAliveSeconds: { value: 300, says: ['idle_timeout: 300s'] },
    stickiness: { value: node, says: ['cookie: { name: "NODE", path: /, ttl: 1800s }'] },
  },
  varnish: {
    idleSeconds: {
      value: 90,
      says: [
        '.between_bytes_timeout = 90s;',
        '.first_byte_timeout = 90s;',
        '-p backend_idle_timeout=90 ',
        '-p idle_send_timeout=90 ',
        '-p pipe_timeout=90\n',
      ],
    },
    maxStreamAgeSeconds: { value: 7200, says: ['-p send_timeout=7950 '] },
    maxStreamAgeJitter: { value: 0.2, says: ['-p send_timeout=4350 '] },
    retryMs: { value: 4000, says: ['std.random(2000, 6001)', 'Retry-After = "4";'] },
    retryJitter: { value: 0.3, says: ['std.random(2100, 3901)'] },
    maxStreams: {
      value: 25_000,
      says: ['-p thread_pool_max=37650 ', 'LimitNOFILE=62700', 'vm.max_map_count = 216130'],
    },
    maxStreamsPerUser: { value: 200, says: ['-p h2_max_concurrent_streams=210 '] },
    connectRatePerSecond: { value: 2000, says: ['-p thread_queue_limit=2000 '] },
    keepAliveSeconds: { value: 300, says: ['-p timeout_idle=300 '] },
    stickiness: { value: node, says: ['"NODE=" + req.http.X-SSE-Replica-Key + "; Max-Age=1800; Path=/; HttpOnly"'] },
  },
  traefik: {
    idleSeconds: { value: 90, says: ['idleConnTimeout: 90s'] },
    propagationSeconds: { value: 20, says: ['requestAcceptGraceTimeout: 20s', 'TimeoutStopSec=55'] },
    drainSeconds: { value: 60, says: ['graceTimeOut: 60s', 'TimeoutStopSec=80'] },
    maxStreams: { value: 25_000, says: ['LimitNOFILE=125400'] },
    maxStreamsPerUser: { value: 300, says: ['maxConcurrentStreams: 310'] },
    keepAliveSeconds: { value: 300, says: ['idleTimeout: 300s'] },
    stickiness: { value: node, says: ['cookie: { name: "NODE", maxAge: 1800, httpOnly: true }'] },
  },
  cloudflare: {
    retryMs: { value: 4000, says: ['2000 + Math.floor(Math.random() * 4001)'] },
    retryJitter: { value: 0.3, says: ['2100 + Math.floor(Math.random() * 1801)'] },
  },
  alb: {
    idleSeconds: { value: 90, says: ['idle_timeout.timeout_seconds: "90"'] },
    maxStreamAgeSeconds: { value: 7200, says: ['client_keep_alive.seconds: "7950"'] },
    maxStreamAgeJitter: { value: 0.2, says: ['client_keep_alive.seconds: "4350"'] },
    propagationSeconds: { value: 20, says: ['deregistration_delay.timeout_seconds: "20"'] },
    stickiness: { value: node, says: ['stickiness.lb_cookie.duration_seconds: "1800"'] },
  },
  'ingress-nginx': {
    idleSeconds: { value: 90, says: ['proxy-read-timeout: "90"'] },
    stickiness: {
      value: node,
      says: ['session-cookie-name: NODE\n', 'session-cookie-max-age: "1800"', 'session-cookie-expires: "1800"'],
    },
  },
  'traefik-ingress': {
    idleSeconds: { value: 90, says: ['idleConnTimeout: "90s"'] },
    propagationSeconds: {
      value: 20,
      says: ['requestAcceptGraceTimeout: "20s"', 'terminationGracePeriodSeconds: 60'],
    },
    drainSeconds: { value: 60, says: ['graceTimeOut: "60s"', 'terminationGracePeriodSeconds: 85'] },
    stickiness: { value: node, says: ['name: NODE\n', 'maxAge: 1800\n'] },
  },
  'aws-load-balancer-controller': {
    idleSeconds: { value: 90, says: ['idle_timeout.timeout_seconds=90,'] },
    maxStreamAgeSeconds: { value: 7200, says: ['client_keep_alive.seconds=7950,'] },
    maxStreamAgeJitter: { value: 0.2, says: ['client_keep_alive.seconds=4350,'] },
    propagationSeconds: { value: 20, says: ['deregistration_delay.timeout_seconds=50,'] },
    drainSeconds: { value: 60, says: ['deregistration_delay.timeout_seconds=75,'] },
    stickiness: { value: node, says: ['stickiness.lb_cookie.duration_seconds=1800"'] },
  },
  'nginx-ingress': {
    idleSeconds: { value: 90, says: ['proxy-read-timeout: "90s"'] },
    stickiness: { value: node, says: ['"serviceName=sse-kit NODE expires=1800s path=/ httponly"'] },
  },
  'haproxy-ingress': {
    idleSeconds: { value: 90, says: ['timeout-server: "90s"', 'timeout-client: "90s"'] },
    retryMs: { value: 4000, says: ['%[rand(4001),add(2000)]', 'set-header Retry-After 4 if'] },
    retryJitter: { value: 0.3, says: ['%[rand(1801),add(2100)]'] },
    stickiness: { value: node, says: ['session-cookie-name: NODE\n', 'httponly maxlife 1800s"'] },
  },
  'envoy-gateway': {
    idleSeconds: { value: 90, says: ['streamIdleTimeout: "90s"', 'connectionIdleTimeout: "90s"'] },
    retryMs: { value: 4000, says: ['value: "2000"', 'value: "6000"'] },
    retryJitter: { value: 0.3, says: ['value: "2100"', 'value: "3900"'] },
    propagationSeconds: { value: 20, says: ['drainTimeout: "50s"'] },
    drainSeconds: { value: 60, says: ['drainTimeout: "75s"'] },
    stickiness: { value: node, says: ['name: NODE\n', 'ttl: "1800s"'] },
  },
  'nginx-gateway-fabric': {
    idleSeconds: { value: 90, says: ['read: "90s"', 'timeout: "90s"'] },
    propagationSeconds: {
      value: 20,
      says: ['seconds: 20\n', 'terminationGracePeriodSeconds: 60'],
    },
    drainSeconds: { value: 60, says: ['terminationGracePeriodSeconds: 85'] },
  },
  istio: {
    idleSeconds: { value: 90, says: ['idleTimeout: "90s"'] },
    propagationSeconds: {
      value: 20,
      says: ['terminationDrainDuration: 50s"', 'terminationGracePeriodSeconds: 60'],
    },
    drainSeconds: { value: 60, says: ['terminationDrainDuration: 75s"', 'terminationGracePeriodSeconds: 85'] },
    stickiness: { value: node, says: ['name: NODE\n', 'ttl: "1800s"'] },
  },
  'gke-gateway': {
    maxStreamAgeSeconds: { value: 7200, says: ['timeoutSec: 7950'] },
    maxStreamAgeJitter: { value: 0.2, says: ['timeoutSec: 4350'] },
    propagationSeconds: { value: 20, says: ['drainingTimeoutSec: 50'] },
    drainSeconds: { value: 60, says: ['drainingTimeoutSec: 75'] },
    stickiness: { value: node, says: ['cookieTtlSec: 1800'] },
  },
  contour: {
    idleSeconds: { value: 90, says: ['idle: "90s"', 'idleConnection: "90s"'] },
  },
  kong: {
    idleSeconds: { value: 90, says: ['read-timeout: "90000"'] },
    propagationSeconds: {
      value: 20,
      says: ['--wait=20 ', 'terminationGracePeriodSeconds of the proxy: 60'],
    },
    drainSeconds: { value: 60, says: ['--timeout=60"', 'terminationGracePeriodSeconds of the proxy: 85'] },
  },
  ecs: {
    drainSeconds: { value: 60, says: ['stopTimeout: 70'] },
    maxStreams: { value: 80_000, given: { connectRatePerSecond: 5000 }, says: ['nofile: 97000'] },
  },
  kubernetes: {
    retryMs: { value: 4000, says: ['minReadySeconds: 6'] },
    retryJitter: { value: 0.3, says: ['minReadySeconds: 4'] },
    propagationSeconds: { value: 20, says: ['preStopSleepSeconds: 20', 'terminationGracePeriodSeconds: 60'] },
    drainSeconds: { value: 60, says: ['terminationGracePeriodSeconds: 85', 'scaleDownPeriodSeconds: 85'] },
    maxStreamAgeSeconds: { value: 1800, given: { stickiness: 'none' }, says: ['scaleDownStabilizationSeconds: 1800'] },
    maxStreams: { value: 30_000, says: ['targetAverageStreams: 15000'] },
  },
  service: {
    heartbeatSeconds: inPolicy('heartbeatSeconds', 15),
    missedHeartbeats: inPolicy('missedHeartbeats', 2),
    idleSeconds: inPolicy('idleSeconds', 90),
    maxStreamAgeSeconds: inPolicy('maxStreamAgeSeconds', 7200),
    maxStreamAgeJitter: inPolicy('maxStreamAgeJitter', 0.2),
    retryMs: inPolicy('retryMs', 4000),
    retryJitter: inPolicy('retryJitter', 0.3),
    propagationSeconds: inPolicy('propagationSeconds', 20),
    drainSeconds: inPolicy('drainSeconds', 60),
    replaySeconds: inPolicy('replaySeconds', 900, 'replaySeconds: 900'),
    replayMaxEvents: inPolicy('replayMaxEvents', 5000, 'replayMaxEvents: 5000'),
    maxEventBytes: inPolicy('maxEventBytes', 131_072),
    slowClientBytes: inPolicy('slowClientBytes', 2_097_152),
    maxStreams: inPolicy('maxStreams', 25_000),
    maxStreamsPerUser: inPolicy('maxStreamsPerUser', 20),
    connectRatePerSecond: inPolicy('connectRatePerSecond', 2000),
    keepAliveSeconds: inPolicy('keepAliveSeconds', 300, 'keepAliveTimeout: 300000'),
    stickiness: inPolicy('stickiness', node),
  },
  cloudfront: {
    idleSeconds: { value: 90, says: ['OriginReadTimeout: 90', 'OriginKeepaliveTimeout: 85'] },
    retryMs: { value: 4000, says: ['const least = 2000;', 'const most = 60000;'] },
    retryJitter: { value: 0.3, says: ['const least = 2100;', 'const most = 39000;'] },
  },
  elasticache: {
    maxEventBytes: {
      value: 131_072,
      says: [
        'client-output-buffer-limit-pubsub-soft-limit: 13107200',
        'client-output-buffer-limit-pubsub-hard-limit: 52428800',
      ],
    },
  },
};
