import { durationCapSeconds, marginSeconds } from './derive.ts';
import { type HopRule, hopRule } from './rule.ts';
import { streamHeaders } from './wire.ts';

/** Scale-in looks back no further than this: Kubernetes' limit for a stabilization window (HPA v2, 0 to 3600 s). */
const longestStabilizationSeconds = 3600;

/** Files and connections a process needs besides its streams: listeners, logs, the event store, probes. */
const spareFiles = 100;

/** Requests of a page besides its streams, on the same HTTP/2 connection. */
const spareRequests = 10;

/** Notices of the largest size that may queue up for one replica before the event store cuts it off. */
const noticesInBurst = 100;

/** What must hold between the policy and each hop on the path. */
export const hopRules: readonly HopRule[] = [
  hopRule<number>({
    id: 'idle-timer-outlasts-silence',
    why: 'the hop cuts every stream that is quiet for longer than its idle timer, without an error in any application log',
    source: 'seen on nginx 1.22, HAProxy 2.6, Apache 2.4 and Varnish 7.1: each cut a silent stream at its timer',
    fields: ['idleSeconds'],
    facts: (hop) => hop.idleTimers,
    absent: 'no idle timer on the response',
    broken: ({ idleSeconds }, seconds) =>
      seconds < idleSeconds && `must be at least idleSeconds (${idleSeconds}); raise it to ${idleSeconds} s`,
  }),
  hopRule<number>({
    id: 'no-cap-below-stream-age',
    why: 'heartbeats do not help against a duration cap: it ends streams at a fixed age, mid-event',
    source: 'Envoy route timeout (15 s), GCP timeoutSec (30 s), Gateway API timeouts.request, Go WriteTimeout',
    fields: ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
    facts: (hop) => hop.durationCaps,
    absent: 'no duration cap',
    broken: (policy, seconds) =>
      seconds < durationCapSeconds(policy) &&
      `must be off, or at least maxStreamAgeSeconds (${policy.maxStreamAgeSeconds}) × (1 + maxStreamAgeJitter (${policy.maxStreamAgeJitter})) + 30 s; raise it to ${durationCapSeconds(policy)} s`,
  }),
  hopRule<boolean>({
    id: 'streams-are-not-buffered',
    why: 'a buffered event arrives when the buffer is full, not when it happens',
    source: 'nginx proxy_buffering: with it on, four small events arrived in one piece at the end of the response',
    fields: [],
    facts: (hop) => [hop.buffering],
    absent: 'does not buffer responses',
    broken: (_, buffers) => buffers && 'must not buffer the stream; switch buffering off where the stream passes',
  }),
  hopRule<boolean>({
    id: 'streams-are-not-compressed',
    why: 'a compressor waits for more bytes before it lets any out, and costs its state per stream',
    source: 'gzip with buffering stalls in nginx; zstd and brotli encoders hold the first kilobyte',
    fields: [],
    facts: (hop) => [hop.compression],
    absent: 'does not compress responses',
    broken: (_, compresses) =>
      compresses && 'must not compress text/event-stream; leave the type out or switch compression off',
  }),
  hopRule<boolean>({
    id: 'streams-are-not-cached',
    why: "a second client is handed the first one's stream, old events and all",
    source: "Varnish 7.1 without Cache-Control: a second client joined and replayed the first one's stream",
    fields: [],
    facts: (hop) => [hop.caching],
    absent: 'does not cache responses',
    broken: (_, caches) => caches && 'must not cache the stream; bypass the cache where the stream passes',
  }),
  hopRule<Readonly<Record<string, string>>>({
    id: 'stream-headers',
    why: 'these headers are how the service tells hops it does not configure to leave the stream alone',
    source:
      'X-Accel-Buffering: nginx proxy module; no-transform: RFC 9111 §5.2.2.6; Content-Length on a stream is a protocol error',
    fields: [],
    facts: (hop) => [hop.headers],
    absent: 'does not originate the response',
    broken: (_, headers) => {
      const missing = Object.entries(streamHeaders).filter(([name, value]) => headers[name] !== value);
      if (headers['content-length'] !== undefined) return 'must not carry content-length; remove it';
      return missing.length > 0 && `must carry ${missing.map((pair) => pair.join(': ')).join(', ')}; add them`;
    },
  }),
  hopRule<number>({
    id: 'pool-closes-before-service',
    why: 'of two ends that both time out an idle connection, the one that sends requests has to let go first, or a reconnect meets a closing socket',
    source: 'nginx "upstream prematurely closed", ALB 502 with target_status_code -',
    fields: ['keepAliveSeconds'],
    facts: (hop) => [hop.poolIdle],
    absent: 'keeps no idle connections towards the service',
    broken: ({ keepAliveSeconds }, seconds) =>
      seconds + marginSeconds > keepAliveSeconds &&
      `must be at least ${marginSeconds} s below keepAliveSeconds (${keepAliveSeconds}); lower it to ${keepAliveSeconds - marginSeconds} s`,
  }),
  hopRule<number>({
    id: 'service-keeps-connections',
    why: 'the service must be the last to close an idle connection',
    source: 'nodejs.org/api/http.html: server.keepAliveTimeout is 5 s by default, below every pool',
    fields: ['keepAliveSeconds'],
    facts: (hop) => [hop.keepAlive],
    absent: 'is not the end of a pooled connection',
    broken: ({ keepAliveSeconds }, seconds) =>
      seconds < keepAliveSeconds &&
      `must be at least keepAliveSeconds (${keepAliveSeconds}); raise it to ${keepAliveSeconds} s`,
  }),
  hopRule<number>({
    id: 'streams-fit-the-hop',
    why: 'the first stream above the limit hangs or gets an error, long before anything looks overloaded',
    source:
      'worker_connections, nofile, ephemeral ports (28,232 per address pair by default on Linux), circuit breakers',
    fields: ['maxStreams'],
    facts: (hop) => [hop.streamLimit],
    absent: 'no limit on concurrent streams',
    broken: ({ maxStreams }, limit) =>
      limit < maxStreams + spareFiles &&
      `must allow maxStreams (${maxStreams}) + ${spareFiles}; raise it to ${maxStreams + spareFiles} streams`,
  }),
  hopRule<number>({
    id: 'connection-carries-a-users-streams',
    why: 'streams above the HTTP/2 limit wait in the browser without an error',
    source: 'RFC 9113 SETTINGS_MAX_CONCURRENT_STREAMS; nginx 128, ALB 128',
    fields: ['maxStreamsPerUser'],
    facts: (hop) => [hop.streamsPerConnection],
    absent: 'no HTTP/2 limit known',
    broken: ({ maxStreamsPerUser }, limit) =>
      limit < maxStreamsPerUser + spareRequests &&
      `must be at least maxStreamsPerUser (${maxStreamsPerUser}) + ${spareRequests}; raise it to ${maxStreamsPerUser + spareRequests}`,
  }),
  hopRule<'none' | { readonly cookie: string; readonly seconds: number }>({
    id: 'affinity-ends-with-the-stream',
    why: 'a binding that outlives its stream leads the client back to the same hot replica',
    source: 'AWSALB cookies last a day and ingress-nginx cookies a browser session unless told otherwise',
    fields: ['stickiness', 'maxStreamAgeSeconds'],
    facts: (hop) => [hop.stickiness],
    absent: 'no session affinity',
    broken: ({ maxStreamAgeSeconds }, stickiness) =>
      stickiness !== 'none' &&
      stickiness.seconds > maxStreamAgeSeconds &&
      `must bind for at most maxStreamAgeSeconds (${maxStreamAgeSeconds}); lower it to ${maxStreamAgeSeconds} s`,
  }),
  hopRule<'soft' | 'fatal'>({
    id: 'refusals-are-soft',
    why: 'a native EventSource that meets any status but 200 closes for good; only a 200 with retry: brings it back',
    source: 'WHATWG HTML §9.2.3, Chromium and Firefox sources: status other than 200 fails the connection',
    fields: [],
    facts: (hop) => [hop.refusals],
    absent: 'answers nothing of its own, or cannot choose the answer',
    broken: (_, refusals) =>
      refusals === 'fatal' && 'must answer event-stream requests with 200 and retry: instead of an error',
  }),
  hopRule<boolean>({
    id: 'tokens-stay-out-of-logs',
    why: 'EventSource cannot set headers, so tokens travel in the query, and the query ends up in the access log',
    source: "nginx's combined format and most balancers' logs contain the full request line",
    fields: [],
    facts: (hop) => [hop.logsQuery],
    absent: 'writes no access log',
    broken: (_, logs) => logs && 'must log the path without the query string',
  }),
  hopRule<number>({
    id: 'routing-forgets-before-stop',
    why: 'new streams keep arriving at a stopping replica until every router has heard of it',
    source: 'Kubernetes removes endpoints concurrently with SIGTERM; ALB deregistration is asynchronous',
    fields: ['propagationSeconds'],
    facts: (hop) => [hop.propagation],
    absent: 'does not stop replicas',
    broken: ({ propagationSeconds }, seconds) =>
      seconds < propagationSeconds &&
      `must be at least propagationSeconds (${propagationSeconds}); raise it to ${propagationSeconds} s`,
  }),
  hopRule<number>({
    id: 'drain-fits-the-deadline',
    why: 'the platform kills what has not exited at its deadline, and the streams that were still open are cut at once',
    source: 'ECS stopTimeout, Kubernetes terminationGracePeriodSeconds less preStop, which runs inside it',
    fields: ['drainSeconds'],
    facts: (hop) => [hop.stopWindow],
    absent: 'does not stop replicas',
    broken: ({ drainSeconds }, seconds) =>
      seconds < drainSeconds + marginSeconds &&
      `must leave drainSeconds (${drainSeconds}) + ${marginSeconds} s after the stop signal; raise it to ${drainSeconds + marginSeconds} s`,
  }),
  hopRule<number>({
    id: 'reload-outlasts-drain',
    why: 'proxies reload while replicas are replaced; one that ends its old processes early cuts streams that the service is still closing one by one',
    source: 'nginx worker_shutdown_timeout: streams of the old worker were cut at its expiry, all together',
    fields: ['drainSeconds', 'maxStreamAgeSeconds', 'maxStreamAgeJitter'],
    facts: (hop) => [hop.reloadWindow],
    absent: 'does not reload',
    broken: (policy, seconds) => {
      // An old process carries no new streams: once the last of them has ended by its age, there is nothing left to cut.
      const least = Math.min(policy.drainSeconds, durationCapSeconds(policy));
      return (
        seconds < least &&
        `must be at least drainSeconds (${policy.drainSeconds}), or a stream's age; raise it to ${least} s`
      );
    },
  }),
  hopRule<{ readonly seconds: number; readonly beforeNotice: boolean }>({
    id: 'history-before-notice',
    why: 'a notice without history is an event that a reconnecting client can never get again',
    source: 'Redis pub/sub keeps nothing: during a failover only what is already in the log survives',
    fields: ['replaySeconds'],
    facts: (hop) => [hop.history],
    absent: 'keeps no history',
    broken: ({ replaySeconds }, { seconds, beforeNotice }) => {
      if (!beforeNotice) return 'must write an event to the history before, or together with, its notice';
      return (
        seconds < replaySeconds &&
        `must keep history for replaySeconds (${replaySeconds}); raise it to ${replaySeconds} s`
      );
    },
  }),
  hopRule<number>({
    id: 'subscriber-survives-bursts',
    why: 'the event store cuts a subscriber whose buffer overflows, and with it every stream of the replica goes deaf until it resumes',
    source: 'redis.conf client-output-buffer-limit pubsub 32mb 8mb 60',
    fields: ['maxEventBytes'],
    facts: (hop) => [hop.subscriberBuffer],
    absent: 'has no subscribers',
    broken: ({ maxEventBytes }, bytes) =>
      bytes < noticesInBurst * maxEventBytes &&
      `must hold ${noticesInBurst} × maxEventBytes (${maxEventBytes}); raise it to ${noticesInBurst * maxEventBytes} bytes`,
  }),
  hopRule<boolean>({
    id: 'history-is-not-evicted',
    why: 'a store that evicts throws whole histories away to make room, and nobody hears of it until a client comes back',
    source: 'redis.conf maxmemory-policy; ElastiCache sets volatile-lru, and every history has a time to live',
    fields: [],
    facts: (hop) => [hop.evictsHistory],
    absent: 'stores nothing',
    broken: (_, evicts) => evicts && 'must refuse to write when it is full (noeviction), or have room without a limit',
  }),
  hopRule<{ readonly stabilization: number; readonly step: number }>({
    id: 'scale-in-waits-for-streams',
    why: 'a replica that is removed too early sends its streams to the others in the middle of the load it was added for',
    source: 'Kubernetes HPA v2 behavior.scaleDown; streams leave a replica only by age or drain',
    fields: ['maxStreamAgeSeconds', 'propagationSeconds', 'drainSeconds'],
    facts: (hop) => [hop.scaleIn],
    absent: 'does not scale replicas',
    broken: ({ maxStreamAgeSeconds, propagationSeconds, drainSeconds }, { stabilization, step }) => {
      const settle = Math.min(maxStreamAgeSeconds, longestStabilizationSeconds);
      if (stabilization < settle)
        return `must look back min(maxStreamAgeSeconds (${maxStreamAgeSeconds}), ${longestStabilizationSeconds}); raise it to ${settle} s`;
      const pace = propagationSeconds + drainSeconds;
      return (
        step < pace &&
        `must remove one replica per propagationSeconds (${propagationSeconds}) + drainSeconds (${drainSeconds}); raise the period to ${pace} s`
      );
    },
  }),
];
