import { policyRule } from '../policy/index.ts';
import { haproxyFiles } from './haproxy/files.ts';
import { readHaproxy } from './haproxy/read.ts';
import { portsPerReplica } from './proxies.ts';
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
    policyRule({
      id: 'haproxy-ports-per-replica',
      why: 'the next stream cannot be connected to the replica: HAProxy reports "no free ports"',
      source: 'docs.kernel.org/networking/ip-sysctl.html: ip_local_port_range',
      fields: ['maxStreams'],
      broken: ({ maxStreams }) =>
        maxStreams > portsPerReplica &&
        `maxStreams (${maxStreams}) must be at most ${portsPerReplica}: one HAProxy address has no more ports towards one replica; lower maxStreams to ${portsPerReplica} and run more replicas`,
    }),
  ],
  render: haproxyFiles,
  read: (files) => readHaproxy(files),
  files: haproxyFiles,
});
