import type { Coverage } from '../target.ts';

const byService = { because: 'done by the service' };

/** What holds of nearly every edge; `own` is what holds of this one. */
export const edgeCoverage = (
  own: Partial<Coverage> & Pick<Coverage, 'idleSeconds' | 'keepAliveSeconds' | 'stickiness'>,
): Coverage => ({
  heartbeatSeconds: byService,
  missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
  maxStreamAgeSeconds: { because: 'has no duration cap' },
  maxStreamAgeJitter: { because: 'has no duration cap' },
  retryMs: { because: 'has no soft-fail of its own; the service sends the retry' },
  retryJitter: { because: 'as retryMs' },
  propagationSeconds: { because: 'the controller learns of endpoints by itself; see the kubernetes target' },
  drainSeconds: { because: "done by the service; how the edge's own proxies stop is controller-wide" },
  replaySeconds: byService,
  replayMaxEvents: byService,
  maxEventBytes: { because: 'limits request bodies only, and above what the service takes' },
  slowClientBytes: byService,
  maxStreams: { because: 'how many connections a proxy takes is controller-wide' },
  maxStreamsPerUser: { because: 'requests per HTTP/2 connection are controller-wide; see the limit' },
  connectRatePerSecond: { because: 'a limited request ends an EventSource for good; the service admits instead' },
  ...own,
});
