import fc from 'fast-check';
import {
  fieldNames,
  fields,
  longestAbsenceSeconds,
  type StreamPolicy,
  watchdogSeconds,
} from '../../lib/policy/index.ts';

/** Upper bounds for fields whose range is wider than some target's limit. */
export interface Bounds {
  readonly idleSeconds?: number;
  readonly drainSeconds?: number;
  readonly maxStreams?: number;
  readonly maxStreamsPerUser?: number;
  readonly maxEventBytes?: number;
}

/** Bounds under which every target's limits hold. */
export const everywhere: Bounds = {
  idleSeconds: 4000,
  drainSeconds: 110,
  maxStreams: 28_000,
  maxStreamsPerUser: 118,
  maxEventBytes: 5_368_709,
};

const cookies = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/);

/** From least to most, small steps above the least as likely as wide ones. */
function span(least: number, most: number): fc.Arbitrary<number> {
  const top = Math.max(least, most);
  return fc.oneof(
    fc.integer({ min: least, max: Math.min(top, least + 10) }),
    fc.integer({ min: least, max: Math.min(top, least * 10 + 100) }),
    fc.integer({ min: least, max: top }),
  );
}

const bound = (name: keyof Bounds, bounds: Bounds): number => bounds[name] ?? fields[name].maximum;

/** Policies that hold, built up so that each number leaves room for those that depend on it. */
export function policiesWithin(bounds: Bounds): fc.Arbitrary<StreamPolicy> {
  return timing(bounds).chain((timers) =>
    load(timers, bounds).chain((streams) =>
      retries.chain((retry) => remembering({ ...timers, ...streams, ...retry }, bounds)),
    ),
  );
}

export const validPolicies = policiesWithin({});

type Timing = Pick<
  StreamPolicy,
  'heartbeatSeconds' | 'missedHeartbeats' | 'idleSeconds' | 'keepAliveSeconds' | 'maxStreamAgeSeconds' | 'stickiness'
>;

function timing(bounds: Bounds): fc.Arbitrary<Timing> {
  const idleMost = bound('idleSeconds', bounds);
  return fc
    .record({ missedHeartbeats: fc.integer({ min: 2, max: 10 }), maxStreamAgeSeconds: span(1, 86_400) })
    .chain(({ missedHeartbeats, maxStreamAgeSeconds }) =>
      span(1, Math.min(3600, Math.floor((idleMost - 5) / missedHeartbeats))).chain((heartbeatSeconds) =>
        span(missedHeartbeats * heartbeatSeconds + 5, idleMost).chain((idleSeconds) =>
          fc.record({
            heartbeatSeconds: fc.constant(heartbeatSeconds),
            missedHeartbeats: fc.constant(missedHeartbeats),
            idleSeconds: fc.constant(idleSeconds),
            keepAliveSeconds: span(idleSeconds + 5, fields.keepAliveSeconds.maximum),
            maxStreamAgeSeconds: fc.constant(maxStreamAgeSeconds),
            stickiness: fc.oneof(
              fc.constant('none' as const),
              fc.record({ cookie: cookies, seconds: span(1, maxStreamAgeSeconds) }),
            ),
          }),
        ),
      ),
    );
}

type Load = Pick<StreamPolicy, 'maxStreams' | 'connectRatePerSecond' | 'drainSeconds'>;

function load({ heartbeatSeconds }: Timing, bounds: Bounds): fc.Arbitrary<Load> {
  const drainMost = bound('drainSeconds', bounds);
  return span(1, Math.min(bound('maxStreams', bounds), heartbeatSeconds * 10_000)).chain((maxStreams) =>
    span(Math.ceil(maxStreams / drainMost), 100_000).chain((connectRatePerSecond) =>
      span(Math.ceil(maxStreams / connectRatePerSecond), drainMost).map((drainSeconds) => ({
        maxStreams,
        connectRatePerSecond,
        drainSeconds,
      })),
    ),
  );
}

const retries = fc.integer({ min: 1, max: 90 }).chain((percent) => {
  const retryJitter = percent / 100;
  // both the shortest retry and the spread have to be there
  const least = Math.ceil(500 / Math.min(retryJitter, 1 - retryJitter)) + 1;
  return span(least, 3_600_000).map((retryMs) => ({ retryMs, retryJitter }));
});

type SoFar = Timing & Load & Pick<StreamPolicy, 'retryMs' | 'retryJitter'>;

function remembering(soFar: SoFar, bounds: Bounds): fc.Arbitrary<StreamPolicy> {
  return fc
    .record({
      maxStreamAgeJitter: fc.integer({ min: 0, max: 50 }).map((percent) => percent / 100),
      propagationSeconds: fc.integer({ min: 0, max: 3600 }),
      replayMaxEvents: span(1, fields.replayMaxEvents.maximum),
      maxEventBytes: span(1, bound('maxEventBytes', bounds)),
      maxStreamsPerUser: span(1, bound('maxStreamsPerUser', bounds)),
    })
    .chain((rest) => {
      const policy = { ...soFar, ...rest, replaySeconds: 1, slowClientBytes: 1024 };
      const least = Math.max(longestAbsenceSeconds(policy), watchdogSeconds(policy) + 1);
      return fc.record({
        ...(Object.fromEntries(Object.entries(policy).map(([key, value]) => [key, fc.constant(value)])) as {
          [Key in keyof StreamPolicy]: fc.Arbitrary<StreamPolicy[Key]>;
        }),
        replaySeconds: span(least, fields.replaySeconds.maximum),
        slowClientBytes: span(Math.max(1024, 4 * rest.maxEventBytes), fields.slowClientBytes.maximum),
      });
    });
}

/** Policies whose fields are each in range, whatever they make together: most of them break a rule. */
export const soundFields: fc.Arbitrary<StreamPolicy> = fc.record(
  Object.fromEntries(fieldNames.map((name) => [name, inRange(name)])) as {
    [Key in keyof StreamPolicy]: fc.Arbitrary<StreamPolicy[Key]>;
  },
);

function inRange(name: keyof StreamPolicy): fc.Arbitrary<unknown> {
  const field = fields[name];
  if (field.kind === 'stickiness')
    return fc.oneof(fc.constant('none'), fc.record({ cookie: cookies, seconds: span(1, 604_800) }));
  if (field.kind === 'fraction') return fc.double({ min: field.minimum, max: field.maximum, noNaN: true });
  return span(field.minimum, field.maximum);
}
