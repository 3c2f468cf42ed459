import type { StreamPolicy } from './stream-policy.ts';

/**
 * Arithmetic over the policy that more than one place needs. Nothing here clamps: a derived value that a target cannot
 * express is that target's error.
 */

/** Slack on top of a sum of timers, for event-loop lag and the network. */
export const marginSeconds = 5;

/** The longest silence a healthy stream can show, plus slack: what every idle timer must exceed. */
export const longestSilenceSeconds = (policy: StreamPolicy): number =>
  policy.missedHeartbeats * policy.heartbeatSeconds + marginSeconds;

/** A client that counts bytes may declare a stream dead after this much silence. */
export const watchdogSeconds = longestSilenceSeconds;

/** The age that no stream of the service outlives. */
export const oldestStreamSeconds = (policy: StreamPolicy): number =>
  // rounded first, so that 3600 × 1.1 is 3960 and not the next whole number above a floating-point dust grain
  Math.ceil(Number((policy.maxStreamAgeSeconds * (1 + policy.maxStreamAgeJitter)).toFixed(6)));

/** What a duration cap has to be, where a hop insists on having one: above the oldest stream, with time to say goodbye. */
export const durationCapSeconds = (policy: StreamPolicy): number => oldestStreamSeconds(policy) + 30;

/** How long proxies keep idle connections to the service: as long as a silent stream, and less than the service keeps them. */
export const poolIdleSeconds = (policy: StreamPolicy): number => policy.idleSeconds;

/** From the stop signal to the kill: the drain, and time to close what is left. */
export const stopSeconds = (policy: StreamPolicy): number => policy.drainSeconds + 2 * marginSeconds;

/** From the decision to stop a replica to its kill, where one deadline covers propagation and drain. */
export const graceSeconds = (policy: StreamPolicy): number => policy.propagationSeconds + stopSeconds(policy);

/** The bounds of a drawn `retry:`, in milliseconds. */
export const retryBoundsMs = ({
  retryMs,
  retryJitter,
}: StreamPolicy): { readonly least: number; readonly most: number } => ({
  least: Math.round(retryMs * (1 - retryJitter)),
  most: Math.round(retryMs * (1 + retryJitter)),
});

/** How long a replica takes to admit all streams it can hold, after all of them lost their connection at once. */
export const admissionSeconds = (policy: StreamPolicy): number =>
  Math.ceil(policy.maxStreams / policy.connectRatePerSecond);

/** The longest a client that comes back by itself can be without its stream: what replay has to bridge. */
export const longestAbsenceSeconds = (policy: StreamPolicy): number =>
  policy.idleSeconds +
  Math.ceil(retryBoundsMs(policy).most / 1000) +
  policy.propagationSeconds +
  policy.drainSeconds +
  admissionSeconds(policy);

/**
 * The service's own HTTP timers, in milliseconds as Node wants them. `requestTimeout` and `headersTimeout` run only
 * while a request is being received and never touch a stream (nodejs.org/api/http.html); the socket's inactivity
 * timeout does, so it stays off.
 */
export const serverTimersMs = (policy: StreamPolicy) => ({
  keepAliveTimeout: policy.keepAliveSeconds * 1000,
  requestTimeout: 30_000,
  headersTimeout: 20_000,
  connectionTimeout: 0,
});
