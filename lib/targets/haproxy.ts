import { haproxyFiles } from './haproxy/files.ts';
import { readHaproxy } from './haproxy/read.ts';
import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';

const byService = { because: 'done by the service' };

/** HAProxy in front of the service: files to copy, and the effective settings of anybody's files. */
export const haproxy = defineTarget<Files>({
  id: 'haproxy',
  title: 'HAProxy',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'timeout server, timeout client, pool-purge-delay' },
    maxStreamAgeSeconds: { as: 'hard-stop-after' },
    maxStreamAgeJitter: { as: 'hard-stop-after' },
    retryMs: { as: 'txn.sse_kit_retry, Retry-After' },
    retryJitter: { as: 'txn.sse_kit_retry' },
    propagationSeconds: { because: 'a stopping replica answers 503, and another one is asked in the same request' },
    drainSeconds: byService,
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: {
      because: 'an event larger than a buffer is passed on in pieces; request bodies are limited by the service',
    },
    slowClientBytes: byService,
    maxStreams: { as: 'maxconn' },
    maxStreamsPerUser: { as: 'tune.h2.max-concurrent-streams' },
    connectRatePerSecond: { because: 'a denied request ends an EventSource; the service admits instead' },
    keepAliveSeconds: { as: 'timeout http-keep-alive' },
    stickiness: { as: 'cookie … maxlife' },
  },
  limits: [
    portsLimit(
      'haproxy',
      'HAProxy',
      'the next stream cannot be connected to the replica: HAProxy reports "no free ports"',
    ),
  ],
  render: haproxyFiles,
  read: (files) => readHaproxy(files),
  files: haproxyFiles,
});
