import { envoyFiles } from './envoy/files.ts';
import { readEnvoy } from './envoy/read.ts';
import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';

const byService = { because: 'done by the service' };

/** Envoy in front of the service: files to copy, and the effective settings of anybody's bootstrap. */
export const envoy = defineTarget<Files>({
  id: 'envoy',
  title: 'Envoy',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'route idle_timeout, stream_idle_timeout, upstream idle_timeout' },
    maxStreamAgeSeconds: { as: '--parent-shutdown-time-s' },
    maxStreamAgeJitter: { as: '--parent-shutdown-time-s' },
    retryMs: { as: 'local_reply_config: retry, retry-after' },
    retryJitter: { as: 'local_reply_config: retry' },
    propagationSeconds: { as: 'drain_timeout' },
    drainSeconds: { as: '--drain-time-s, TimeoutStopSec (systemd)' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'events larger than a buffer pass in pieces; request bodies are limited by the service' },
    slowClientBytes: { because: 'counted by the service: Envoy stops reading when its own small buffer is full' },
    maxStreams: { as: 'circuit_breakers, max_active_downstream_connections, LimitNOFILE (systemd)' },
    maxStreamsPerUser: { as: 'http2_protocol_options.max_concurrent_streams' },
    connectRatePerSecond: {
      because: 'a rate limit answers 429, which ends an EventSource; the service admits instead',
    },
    keepAliveSeconds: { as: 'common_http_protocol_options.idle_timeout' },
    stickiness: { as: 'stateful_session cookie' },
  },
  limits: [portsLimit('envoy', 'Envoy')],
  render: envoyFiles,
  read: (files) => readEnvoy(files),
  files: envoyFiles,
});
