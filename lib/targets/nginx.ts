import { nginxFiles } from './nginx/files.ts';
import { readNginx } from './nginx/read.ts';
import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';

const byService = { because: 'done by the service' };

/** nginx in front of the service: files to copy, and the effective settings of anybody's files. */
export const nginx = defineTarget<Files>({
  id: 'nginx',
  title: 'nginx',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'proxy_read_timeout, upstream keepalive_timeout' },
    maxStreamAgeSeconds: { as: 'worker_shutdown_timeout' },
    maxStreamAgeJitter: { as: 'worker_shutdown_timeout' },
    retryMs: { as: 'split_clients $sse_kit_retry, Retry-After' },
    retryJitter: { as: 'split_clients $sse_kit_retry' },
    propagationSeconds: { because: 'a stopping replica answers 503, and the next one is asked in the same request' },
    drainSeconds: byService,
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: {
      because: 'an event larger than a buffer is passed on in pieces; request bodies are limited by the service',
    },
    slowClientBytes: byService,
    maxStreams: { as: 'worker_connections, worker_rlimit_nofile' },
    maxStreamsPerUser: { as: 'http2_max_concurrent_streams' },
    connectRatePerSecond: { because: 'limit_req answers 503, which ends an EventSource; the service admits instead' },
    keepAliveSeconds: { because: 'must exceed the upstream keepalive_timeout, which follows idleSeconds' },
    stickiness: { as: 'sticky cookie (a comment: nginx 1.29.6 and later)' },
  },
  limits: [portsLimit('nginx', 'nginx')],
  render: nginxFiles,
  read: (files) => readNginx(files),
  files: nginxFiles,
});
