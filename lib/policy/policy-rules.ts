import {
  admissionSeconds,
  longestAbsenceSeconds,
  longestSilenceSeconds,
  marginSeconds,
  poolIdleSeconds,
  retryBoundsMs,
  watchdogSeconds,
} from './derive.ts';
import { fields } from './fields.ts';
import { type PolicyRule, policyRule } from './rule.ts';

/** Heartbeats per second that cost a replica about a fifth of a core: some 20 µs of CPU for each write (bench/RESULTS.md). */
const affordableHeartbeatsPerSecond = 10_000;

/** Firefox raises any shorter `retry:` to this (dom/base/EventSource.cpp). */
const shortestHonouredRetryMs = 500;

/** A `retry:` spread over less than this brings a lost replica's clients back as one wave. */
const shortestRetrySpreadMs = 1000;

/** Largest events that must fit into a slow client's allowance, so that one event alone never makes a reader slow. */
const eventsBeforeSlow = 4;

/** What must hold between the policy's own numbers, whatever stands on the path. */
export const policyRules: readonly PolicyRule[] = [
  policyRule({
    id: 'heartbeat-outpaces-idle',
    why: 'idle timers reset on bytes only: with one heartbeat late or lost a healthy stream must still be inside them',
    source:
      'idle timers of nginx, ALB, HAProxy, Apache and Varnish, all of which were seen to cut silent streams; WHATWG HTML §9.2.7 advises a comment every 15 s or so',
    fields: ['idleSeconds', 'missedHeartbeats', 'heartbeatSeconds'],
    broken: (policy) => {
      const { idleSeconds, missedHeartbeats, heartbeatSeconds } = policy;
      const least = longestSilenceSeconds(policy);
      const slower = Math.floor((idleSeconds - marginSeconds) / missedHeartbeats);
      return (
        idleSeconds < least &&
        `idleSeconds (${idleSeconds}) must be at least missedHeartbeats (${missedHeartbeats}) × heartbeatSeconds (${heartbeatSeconds}) + ${marginSeconds} s; raise idleSeconds to ${least}${slower >= 1 ? ` or lower heartbeatSeconds to ${slower}` : ''}`
      );
    },
  }),
  policyRule({
    id: 'heartbeats-are-affordable',
    why: 'every stream is written to once per heartbeat, even when nothing happens',
    source: 'bench/RESULTS.md: some 20 µs of CPU per write, so 10,000 writes a second are a fifth of a core',
    fields: ['maxStreams', 'heartbeatSeconds'],
    broken: ({ maxStreams, heartbeatSeconds }) =>
      maxStreams / heartbeatSeconds > affordableHeartbeatsPerSecond &&
      `maxStreams (${maxStreams}) / heartbeatSeconds (${heartbeatSeconds}) must be at most ${affordableHeartbeatsPerSecond} heartbeats per second; lower maxStreams to ${heartbeatSeconds * affordableHeartbeatsPerSecond} or raise heartbeatSeconds to ${Math.ceil(maxStreams / affordableHeartbeatsPerSecond)}`,
  }),
  policyRule({
    id: 'keep-alive-outlives-pools',
    why: 'a proxy that reuses a connection in the moment the service closes it answers 502, and an EventSource never comes back from that',
    source:
      'docs.aws.amazon.com/elasticloadbalancing: a target must keep connections longer than the balancer; nginx upstream keepalive_timeout',
    fields: ['keepAliveSeconds', 'idleSeconds'],
    broken: (policy) => {
      const least = poolIdleSeconds(policy) + marginSeconds;
      return (
        policy.keepAliveSeconds < least &&
        `keepAliveSeconds (${policy.keepAliveSeconds}) must be at least idleSeconds (${policy.idleSeconds}) + ${marginSeconds} s, because proxies keep idle connections for idleSeconds; raise keepAliveSeconds to ${least}`
      );
    },
  }),
  policyRule({
    id: 'retry-is-honoured',
    why: 'a shorter retry is not what the browser does, so reconnects come later and less evenly than planned',
    source: 'Firefox clamps retry to 500 ms (dom/base/EventSource.cpp); Chromium does not clamp',
    fields: ['retryMs', 'retryJitter'],
    broken: (policy) => {
      const { least } = retryBoundsMs(policy);
      return (
        least < shortestHonouredRetryMs &&
        `retryMs (${policy.retryMs}) × (1 − retryJitter (${policy.retryJitter})) must be at least ${shortestHonouredRetryMs} ms; raise retryMs to ${Math.ceil(shortestHonouredRetryMs / (1 - policy.retryJitter))}`
      );
    },
  }),
  policyRule({
    id: 'retry-is-spread',
    why: 'native EventSource has no jitter of its own: equal retries bring all clients of a lost replica back in one wave',
    source: 'Chromium event_source.cc and Firefox EventSource.cpp wait exactly the given retry',
    fields: ['retryJitter', 'retryMs'],
    broken: (policy) => {
      const { least, most } = retryBoundsMs(policy);
      const needed = Math.ceil((shortestRetrySpreadMs / (2 * policy.retryMs)) * 100) / 100;
      // Below twice the shortest honoured retry no jitter satisfies this rule and retry-is-honoured at once.
      const roomy = policy.retryMs >= 2 * shortestHonouredRetryMs;
      return (
        most - least < shortestRetrySpreadMs &&
        `retryJitter (${policy.retryJitter}) × 2 × retryMs (${policy.retryMs}) must spread reconnects over at least ${shortestRetrySpreadMs} ms; ${roomy ? `raise retryJitter to ${needed}` : `set retryMs to ${shortestRetrySpreadMs} and retryJitter to 0.5`}`
      );
    },
  }),
  policyRule({
    id: 'drain-matches-admission',
    why: 'streams closed faster than the other replicas admit them are turned away and come back later than they should',
    source: 'one replica is drained at a time and at least one other takes its streams',
    fields: ['drainSeconds', 'maxStreams', 'connectRatePerSecond'],
    broken: ({ maxStreams, drainSeconds, connectRatePerSecond }) => {
      const slower = Math.ceil(maxStreams / connectRatePerSecond);
      const faster = Math.ceil(maxStreams / drainSeconds);
      const ways = [
        ...(slower <= fields.drainSeconds.maximum ? [`raise drainSeconds to ${slower}`] : []),
        ...(faster <= fields.connectRatePerSecond.maximum ? [`raise connectRatePerSecond to ${faster}`] : []),
        `lower maxStreams to ${connectRatePerSecond * drainSeconds}`,
      ];
      return (
        faster > connectRatePerSecond &&
        `maxStreams (${maxStreams}) / drainSeconds (${drainSeconds}) must be at most connectRatePerSecond (${connectRatePerSecond}); ${ways.join(' or ')}`
      );
    },
  }),
  policyRule({
    id: 'replay-covers-absence',
    why: 'what was published between the break and the resume can only be replayed while it is still kept; beyond that every client sees a gap',
    source: 'sum of idle detection, longest retry, propagation, drain and the time to admit a full replica again',
    fields: [
      'replaySeconds',
      'idleSeconds',
      'retryMs',
      'retryJitter',
      'propagationSeconds',
      'drainSeconds',
      'maxStreams',
      'connectRatePerSecond',
    ],
    broken: (policy) => {
      const least = longestAbsenceSeconds(policy);
      return (
        policy.replaySeconds < least &&
        `replaySeconds (${policy.replaySeconds}) must be at least idleSeconds (${policy.idleSeconds}) + the longest retry (${retryBoundsMs(policy).most} ms) + propagationSeconds (${policy.propagationSeconds}) + drainSeconds (${policy.drainSeconds}) + maxStreams / connectRatePerSecond (${admissionSeconds(policy)} s); raise replaySeconds to ${least}`
      );
    },
  }),
  policyRule({
    id: 'watchdog-fits-replay',
    why: 'a client that finds its stream dead after a missed silence must still be able to resume without a gap',
    source: 'a watchdog has to wait missedHeartbeats × heartbeatSeconds before it may call a stream dead',
    fields: ['replaySeconds', 'missedHeartbeats', 'heartbeatSeconds'],
    broken: (policy) =>
      policy.replaySeconds <= watchdogSeconds(policy) &&
      `replaySeconds (${policy.replaySeconds}) must be more than missedHeartbeats (${policy.missedHeartbeats}) × heartbeatSeconds (${policy.heartbeatSeconds}) + ${marginSeconds} s; raise replaySeconds to ${watchdogSeconds(policy) + 1}`,
  }),
  policyRule({
    id: 'stickiness-within-age',
    why: 'a binding that outlives its streams pins clients to a hot replica and defeats the rebalancing that the stream age is for',
    source: 'streams rebalance when they end by age; a cookie that is still valid then leads them straight back',
    fields: ['stickiness', 'maxStreamAgeSeconds'],
    broken: ({ stickiness, maxStreamAgeSeconds }) =>
      stickiness !== 'none' &&
      stickiness.seconds > maxStreamAgeSeconds &&
      `stickiness.seconds (${stickiness.seconds}) must be at most maxStreamAgeSeconds (${maxStreamAgeSeconds}); lower stickiness.seconds to ${maxStreamAgeSeconds}`,
  }),
  policyRule({
    id: 'slow-limit-holds-events',
    why: 'a reader that is merely one large event behind must not be closed as slow',
    source: `room for ${eventsBeforeSlow} of the largest events`,
    fields: ['slowClientBytes', 'maxEventBytes'],
    broken: ({ slowClientBytes, maxEventBytes }) =>
      slowClientBytes < eventsBeforeSlow * maxEventBytes &&
      `slowClientBytes (${slowClientBytes}) must be at least ${eventsBeforeSlow} × maxEventBytes (${maxEventBytes}); raise slowClientBytes to ${eventsBeforeSlow * maxEventBytes}`,
  }),
];
