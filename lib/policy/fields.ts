import type { Fault } from './fault.ts';
import type { StreamPolicy } from './stream-policy.ts';

/** What one policy field may hold. Feeds the errors, the JSON Schema of the configuration file and the documents. */
export type Field = NumberField | StickinessField;

export interface NumberField {
  readonly kind: 'integer' | 'fraction';
  readonly unit:
    | 'seconds'
    | 'milliseconds'
    | 'bytes'
    | 'heartbeats'
    | 'events'
    | 'streams'
    | 'streams per second'
    | 'fraction';
  readonly minimum: number;
  readonly maximum: number;
  readonly meaning: string;
}

export interface StickinessField {
  readonly kind: 'stickiness';
  readonly meaning: string;
}

const integer = (unit: NumberField['unit'], minimum: number, maximum: number, meaning: string): NumberField => ({
  kind: 'integer',
  unit,
  minimum,
  maximum,
  meaning,
});

const fraction = (minimum: number, maximum: number, meaning: string): NumberField => ({
  kind: 'fraction',
  unit: 'fraction',
  minimum,
  maximum,
  meaning,
});

const day = 86_400;

/** The domain of every field. The ranges are wide on purpose: what makes sense together is the rules' business. */
export const fields = {
  heartbeatSeconds: integer('seconds', 1, 3600, 'a comment line after this much silence'),
  missedHeartbeats: integer('heartbeats', 2, 10, 'how many heartbeats a hop must tolerate losing'),
  idleSeconds: integer('seconds', 5, day, 'every idle timer on the path is at least this'),
  maxStreamAgeSeconds: integer('seconds', 1, day, 'the service ends a stream itself at this age'),
  maxStreamAgeJitter: fraction(0, 0.5, 'each age limit is drawn from ± this fraction'),
  retryMs: integer('milliseconds', 500, 3_600_000, 'the middle of the `retry:` values given to clients'),
  retryJitter: fraction(0, 0.9, '`retry:` is drawn per connection from retryMs·(1 ± retryJitter)'),
  propagationSeconds: integer(
    'seconds',
    0,
    3600,
    'until every router has stopped sending new streams to a stopping replica',
  ),
  drainSeconds: integer('seconds', 1, 3600, 'a stopping replica closes its streams evenly over this window'),
  // wide enough for the longest absence that the other fields can add up to
  replaySeconds: integer('seconds', 1, 14 * day, 'history kept per channel, by age'),
  replayMaxEvents: integer('events', 1, 10_000_000, 'history kept per channel, by count'),
  maxEventBytes: integer('bytes', 1, 16_777_216, 'larger publishes are refused'),
  slowClientBytes: integer(
    'bytes',
    1024,
    1_073_741_824,
    'unsent bytes after which a stream is closed (it resumes by cursor)',
  ),
  maxStreams: integer('streams', 1, 1_000_000, 'streams a replica holds at most'),
  maxStreamsPerUser: integer('streams', 1, 1000, 'streams a user holds on one replica at most'),
  connectRatePerSecond: integer('streams per second', 1, 100_000, 'new streams a replica admits per second'),
  // wider than idleSeconds, above which it has to lie
  keepAliveSeconds: integer('seconds', 1, 2 * day, 'the service keeps an idle connection this long'),
  stickiness: { kind: 'stickiness', meaning: 'session affinity at the load balancer, or "none"' },
} as const satisfies Record<keyof StreamPolicy, Field>;

/** The policy fields in the order in which they are documented. */
export const fieldNames = Object.keys(fields) as readonly (keyof StreamPolicy)[];

/** A cookie name by RFC 6265 (a token of RFC 9110), short enough for every balancer. */
export const cookieNamePattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$";

/** Longest binding any balancer the kit renders accepts: seven days, an ALB's limit. */
export const maxStickinessSeconds = 7 * day;

/** Faults of single values: unknown keys, wrong types, out of range. */
export function fieldFaults(overrides: Record<string, unknown>): readonly Fault[] {
  return Object.entries(overrides).flatMap(([key, value]) => {
    const complaint = isField(key) ? complaintAbout(fields[key], value) : unknownKey(key);
    if (complaint === undefined) return [];
    // JSON has no word for NaN and Infinity and would call them null
    const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
    return [{ rule: 'policy-field', fields: [key], message: `${key} (${shown}) ${complaint}` }];
  });
}

/** Own keys only: `toString` and `__proto__` are as unknown as any other word. */
export const isField = (key: string): key is keyof StreamPolicy => Object.hasOwn(fields, key);

function complaintAbout(field: Field, value: unknown): string | undefined {
  return field.kind === 'stickiness' ? stickinessComplaint(value) : numberComplaint(field, value);
}

function numberComplaint(field: NumberField, value: unknown): string | undefined {
  const { kind, unit, minimum, maximum } = field;
  const fits = typeof value === 'number' && value >= minimum && value <= maximum;
  if (fits && (kind === 'fraction' || Number.isInteger(value))) return undefined;
  const accepted =
    kind === 'fraction'
      ? `a number from ${minimum} to ${maximum}`
      : `a whole number of ${unit} from ${minimum} to ${maximum}`;
  return `must be ${accepted}`;
}

function stickinessComplaint(value: unknown): string | undefined {
  const accepted = `must be "none" or { "cookie": a cookie name, "seconds": 1 to ${maxStickinessSeconds} }`;
  if (value === 'none') return undefined;
  if (typeof value !== 'object' || value === null) return accepted;
  const { cookie, seconds, ...rest } = value as Record<string, unknown>;
  const cookieFits = typeof cookie === 'string' && new RegExp(cookieNamePattern).test(cookie);
  const secondsFit = Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= maxStickinessSeconds;
  return cookieFits && secondsFit && Object.keys(rest).length === 0 ? undefined : accepted;
}

function unknownKey(key: string): string {
  const names = Object.keys(fields);
  const [nearest = ''] = names.toSorted((a, b) => sameLetters(b, key) - sameLetters(a, key));
  const meant = sameLetters(nearest, key) >= 4 ? `did you mean ${nearest}` : `the fields are ${names.join(', ')}`;
  return `is not a policy field; ${meant}`;
}

/** How many letters two names begin with in common: `idleTimeout` and `idleSeconds` four. */
function sameLetters(name: string, key: string): number {
  const [a, b] = [name.toLowerCase(), key.toLowerCase()];
  const differs = [...a].findIndex((letter, at) => letter !== b[at]);
  return differs < 0 ? a.length : differs;
}
