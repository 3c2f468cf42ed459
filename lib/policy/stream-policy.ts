import { type Fault, PolicyError } from './fault.ts';
import { fieldFaults, isField } from './fields.ts';
import { policyRules } from './policy-rules.ts';
import type { PolicyRule } from './rule.ts';

/** Session affinity by cookie: the balancer's cookie name and how long it binds a client, in seconds. */
export interface Stickiness {
  readonly cookie: string;
  readonly seconds: number;
}

/**
 * Everything that decides whether a stream keeps arriving. Whole seconds unless the name says otherwise: the one
 * unit every layer takes. Each hop's configuration is derived from these numbers and from nothing else.
 */
export interface StreamPolicy {
  /** The service writes a comment line after this much silence; longer silences run into idle timers. @default 10 */
  readonly heartbeatSeconds: number;
  /** How many heartbeats a hop must tolerate losing before it may give a stream up. @default 3 */
  readonly missedHeartbeats: number;
  /** Every idle timer on the path is at least this; a hop cuts a stream that stays silent for longer. @default 60 */
  readonly idleSeconds: number;
  /** The service ends a stream itself at this age, so that streams rebalance and grants refresh. @default 3600 */
  readonly maxStreamAgeSeconds: number;
  /** Each stream's age limit is drawn from ± this fraction, so that streams born together do not end together. @default 0.1 */
  readonly maxStreamAgeJitter: number;
  /** The middle of the `retry:` values that clients are given, in milliseconds. @default 3000 */
  readonly retryMs: number;
  /** `retry:` is drawn per connection from retryMs·(1 ± this): the only jitter a native EventSource has. @default 0.5 */
  readonly retryJitter: number;
  /** Until every router has stopped sending new streams to a replica that is stopping. @default 15 */
  readonly propagationSeconds: number;
  /** A stopping replica closes its streams evenly over this window and exits inside it. @default 30 */
  readonly drainSeconds: number;
  /** How far back a client can resume without loss; older cursors are answered with a gap. @default 600 */
  readonly replaySeconds: number;
  /** How many events of history are kept per channel, whatever their age. @default 10000 */
  readonly replayMaxEvents: number;
  /** A publish with a larger event is refused with 413, in bytes. @default 65536 */
  readonly maxEventBytes: number;
  /** Unsent bytes after which a stream is closed as slow; it resumes by its cursor. @default 1048576 */
  readonly slowClientBytes: number;
  /** Streams one replica holds; the next one is soft-failed. @default 20000 */
  readonly maxStreams: number;
  /** Streams one user may hold on one replica. @default 10 */
  readonly maxStreamsPerUser: number;
  /** New streams a replica admits per second; the rest are soft-failed with a later retry. @default 1000 */
  readonly connectRatePerSecond: number;
  /** The service keeps an idle connection this long: longer than any proxy's pool, or a reused one is cut. @default 125 */
  readonly keepAliveSeconds: number;
  /** Session affinity at the load balancer, or `"none"`. @default { cookie: 'SSEKIT', seconds: 3600 } */
  readonly stickiness: Stickiness | 'none';
}

/** The policy when nothing is overridden. Fits every hop's out-of-the-box limits that the kit knows. */
export const defaults: StreamPolicy = Object.freeze({
  heartbeatSeconds: 10,
  missedHeartbeats: 3,
  idleSeconds: 60,
  maxStreamAgeSeconds: 3600,
  maxStreamAgeJitter: 0.1,
  retryMs: 3000,
  retryJitter: 0.5,
  propagationSeconds: 15,
  drainSeconds: 30,
  replaySeconds: 600,
  replayMaxEvents: 10_000,
  maxEventBytes: 65_536,
  slowClientBytes: 1_048_576,
  maxStreams: 20_000,
  maxStreamsPerUser: 10,
  connectRatePerSecond: 1000,
  keepAliveSeconds: 125,
  stickiness: Object.freeze({ cookie: 'SSEKIT', seconds: 3600 }),
});

/**
 * The overrides on top of the defaults, frozen.
 *
 * @throws PolicyError with every fault at once: unknown keys, wrong types, values out of range, broken rules.
 */
export function definePolicy(overrides: Partial<StreamPolicy> = {}): StreamPolicy {
  const faults = policyFaults(overrides);
  if (faults.length > 0) throw new PolicyError('the stream policy does not hold', faults);
  return merged(overrides);
}

/** What `definePolicy` would throw for, as data. */
export function policyFaults(overrides: unknown): readonly Fault[] {
  if (!isRecord(overrides)) {
    const message = `policy (${JSON.stringify(overrides)}) must be an object of policy fields`;
    return [{ rule: 'policy-field', fields: [], message }];
  }
  return [...fieldFaults(overrides), ...judgeSound(overrides, policyRules)];
}

/**
 * Judges rules, or a target's limits, on whatever of the overrides is of the right kind. A rule that reads a field which
 * is not would be judged on the default in its place: it says nothing.
 */
export function judgeSound(overrides: unknown, rules: readonly PolicyRule[]): readonly Fault[] {
  const given = isRecord(overrides) ? overrides : {};
  const spoilt = new Set(fieldFaults(given).flatMap((fault) => fault.fields));
  const sound = merged(Object.fromEntries(Object.entries(given).filter(([key]) => isField(key) && !spoilt.has(key))));
  return rules
    .filter((rule) => !rule.fields.some((field) => spoilt.has(field)))
    .flatMap((rule) => {
      const verdict = rule.judge(sound);
      return verdict.verdict === 'broken' ? verdict.faults : [];
    });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(overrides: Partial<StreamPolicy>): StreamPolicy {
  const policy = { ...defaults, ...overrides };
  return Object.freeze({
    ...policy,
    stickiness: policy.stickiness === 'none' ? 'none' : Object.freeze({ ...policy.stickiness }),
  });
}
