import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';
import { varnishFiles } from './varnish/files.ts';
import { readVarnish } from './varnish/read.ts';

const byService = { because: 'done by the service' };

/** Varnish in front of the service: files to copy, and the effective settings of anybody's VCL. */
export const varnish = defineTarget<Files>({
  id: 'varnish',
  title: 'Varnish',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: {
      as: '.between_bytes_timeout, .first_byte_timeout, backend_idle_timeout, idle_send_timeout, pipe_timeout',
    },
    maxStreamAgeSeconds: { as: 'send_timeout' },
    maxStreamAgeJitter: { as: 'send_timeout' },
    retryMs: { as: 'std.random, Retry-After' },
    retryJitter: { as: 'std.random' },
    propagationSeconds: { because: 'a stopping replica answers 503, and another one is asked in the same request' },
    drainSeconds: byService,
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'what comes is passed on as it comes; request bodies are limited by the service' },
    slowClientBytes: byService,
    maxStreams: { as: 'thread_pool_max, LimitNOFILE, vm.max_map_count' },
    maxStreamsPerUser: { as: 'h2_max_concurrent_streams' },
    connectRatePerSecond: { as: 'thread_queue_limit' },
    keepAliveSeconds: { as: 'timeout_idle' },
    stickiness: { as: 'Set-Cookie in vcl_deliver' },
  },
  limits: [portsLimit('varnish', 'Varnish')],
  render: varnishFiles,
  read: (files) => readVarnish(files),
  files: varnishFiles,
});
