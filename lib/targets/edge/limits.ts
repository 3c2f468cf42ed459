import { type PolicyRule, policyRule, type StreamPolicy, type Verdict } from '../../policy/index.ts';

/** Limits that many edges have, each with a number of its own. */

interface Vendor {
  /** The edge's id, which begins the rule's. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
}

/** The edge pools connections to the service for so many seconds, and no manifest changes that. */
export const poolLimit = ({ id, title, source }: Vendor, seconds: number): PolicyRule =>
  policyRule({
    id: `${id}-upstream-keepalive`,
    why: `the controller pools connections for ${seconds} s and no manifest changes that`,
    source,
    fields: ['keepAliveSeconds'],
    broken: ({ keepAliveSeconds }) => {
      const least = seconds + 5;
      return (
        keepAliveSeconds < least &&
        `keepAliveSeconds (${keepAliveSeconds}) must be at least ${least}, because ${title} pools connections for ${seconds} s; raise keepAliveSeconds to ${least}`
      );
    },
  });

/** After a reload, what the controller's old workers still carry is cut after so many seconds. */
export const reloadLimit = ({ id, title, source }: Vendor, seconds: number, setting: string): PolicyRule =>
  policyRule({
    id: `${id}-worker-shutdown`,
    why: 'a reload of the controller cuts what its old workers still carry after this time',
    source,
    fields: ['drainSeconds'],
    broken: ({ drainSeconds }) =>
      drainSeconds > seconds &&
      `drainSeconds (${drainSeconds}) must be at most ${seconds}, ${title}'s ${setting}; lower drainSeconds to ${seconds}`,
  });

/** A client's HTTP/2 connection carries so many requests, and no manifest changes that; a page needs some itself. */
export const http2Limit = ({ id, title, source }: Vendor, streams: number): PolicyRule =>
  policyRule({
    id: `${id}-http2-streams`,
    why: 'further streams of the same browser wait without an error',
    source,
    fields: ['maxStreamsPerUser'],
    broken: ({ maxStreamsPerUser }) => {
      const most = streams - 10;
      return (
        maxStreamsPerUser > most &&
        `maxStreamsPerUser (${maxStreamsPerUser}) must be at most ${most}: ${title} carries ${streams} requests on one HTTP/2 connection; lower maxStreamsPerUser to ${most}`
      );
    },
  });

/** Session affinity is not to be had, or not without a licence. */
export const noStickiness = ({ id, title, source }: Vendor, because: string): PolicyRule =>
  policyRule({
    id: `${id}-stickiness`,
    why: because,
    source,
    fields: ['stickiness'],
    broken: ({ stickiness }) =>
      stickiness !== 'none' &&
      `stickiness (${JSON.stringify(stickiness)}) must be "none" with ${title}: ${because}. Nothing is lost, for any replica can resume any stream, and other edges have cookies; set stickiness to "none"`,
  });

/** The vendor takes fewer characters in a cookie's name than browsers do. `refuses` finds all others (flag `g`). */
export const cookieNameLimit = ({ id, title, source }: Vendor, refuses: RegExp, says: string): PolicyRule =>
  policyRule({
    id: `${id}-cookie-name`,
    why: 'with another name the setting is ignored, and no client is bound',
    source,
    fields: ['stickiness'],
    broken: ({ stickiness }) =>
      stickiness !== 'none' &&
      stickiness.cookie.replace(refuses, '_') !== stickiness.cookie &&
      `stickiness.cookie ("${stickiness.cookie}") must be made of ${says} for ${title}; rename stickiness.cookie to "${stickiness.cookie.replace(refuses, '_')}"`,
  });

/** Another target's limit that holds here too, under a name of this edge's. */
export const sharedLimit = (id: string, limit: PolicyRule | undefined): PolicyRule => {
  if (limit === undefined) throw new Error(`${id} must be a limit that the other target has`);
  const judge = (policy: StreamPolicy): Verdict => {
    const verdict = limit.judge(policy);
    if (verdict.verdict !== 'broken') return verdict;
    return { ...verdict, faults: verdict.faults.map((fault) => ({ ...fault, rule: id })) };
  };
  return { ...limit, id, judge };
};
