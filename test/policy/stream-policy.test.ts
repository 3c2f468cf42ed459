import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  defaults,
  definePolicy,
  fieldNames,
  PolicyError,
  policyFaults,
  type StreamPolicy,
} from '../../lib/policy/index.ts';
import { validPolicies } from './arbitraries.ts';

const messagesOf = (overrides: unknown): readonly string[] => policyFaults(overrides).map(({ message }) => message);

/** For values that the types would refuse, as they come from a file. */
const fromFile = (overrides: unknown): Partial<StreamPolicy> => overrides as Partial<StreamPolicy>;

test('the defaults are these', () => {
  expect(defaults).toEqual({
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
    stickiness: { cookie: 'SSEKIT', seconds: 3600 },
  });
});

test('the doc comment of every field names its default', () => {
  const source = readFileSync(join(__dirname, '../../lib/policy/stream-policy.ts'), 'utf8');
  const documented = [...source.matchAll(/@default (.+?) \*\/\n {2}readonly (\w+):/g)].map(([, text = '', name]) => [
    name,
    JSON.parse(text.replaceAll("'", '"').replace(/(\w+): /g, '"$1": ')),
  ]);

  expect(Object.fromEntries(documented)).toEqual(defaults);
});

test('every field has a domain, and no domain is without its field', () => {
  expect([...fieldNames].sort()).toEqual(Object.keys(defaults).sort());
});

test('the defaults hold', () => {
  expect(policyFaults({})).toEqual([]);
  expect(definePolicy()).toEqual(defaults);
});

test('a policy is the overrides on top of the defaults', () => {
  expect(definePolicy({ idleSeconds: 90, stickiness: 'none' })).toEqual({
    ...defaults,
    idleSeconds: 90,
    stickiness: 'none',
  });
});

test('a policy cannot be changed afterwards, nor can the defaults', () => {
  const overrides = { stickiness: { cookie: 'NODE', seconds: 60 } };
  const policy = definePolicy(overrides);
  overrides.stickiness.seconds = 9999;

  expect(Object.isFrozen(policy) && Object.isFrozen(policy.stickiness)).toBe(true);
  expect(Object.isFrozen(defaults) && Object.isFrozen(defaults.stickiness)).toBe(true);
  expect(policy.stickiness).toEqual({ cookie: 'NODE', seconds: 60 });
});

test('arbitrary valid policies hold, and are given back as they are', () => {
  fc.assert(
    fc.property(validPolicies, (policy) => {
      expect(policyFaults(policy)).toEqual([]);
      expect(definePolicy(policy)).toEqual(policy);
    }),
    { numRuns: 300 },
  );
});

describe('fails on a single value', () => {
  const cases: readonly (readonly [what: string, overrides: unknown, message: string])[] = [
    [
      'that is negative',
      { heartbeatSeconds: -5 },
      'heartbeatSeconds (-5) must be a whole number of seconds from 1 to 3600',
    ],
    [
      'of the wrong type',
      { idleSeconds: '60' },
      'idleSeconds ("60") must be a whole number of seconds from 5 to 86400',
    ],
    ['that is not whole', { maxStreams: 1.5 }, 'maxStreams (1.5) must be a whole number of streams from 1 to 1000000'],
    ['that is null', { retryMs: null }, 'retryMs (null) must be a whole number of milliseconds from 500 to 3600000'],
    ['that is no number', { retryJitter: Number.NaN }, 'retryJitter (NaN) must be a number from 0 to 0.9'],
    [
      'that never ends',
      { drainSeconds: Infinity },
      'drainSeconds (Infinity) must be a whole number of seconds from 1 to 3600',
    ],
    ['that is undefined', { retryJitter: undefined }, 'retryJitter (undefined) must be a number from 0 to 0.9'],
    [
      'that is half a stickiness',
      { stickiness: { cookie: 'A' } },
      'stickiness ({"cookie":"A"}) must be "none" or { "cookie": a cookie name, "seconds": 1 to 604800 }',
    ],
    [
      'with a cookie name that would split the header',
      { stickiness: { cookie: 'a;b', seconds: 1 } },
      'stickiness ({"cookie":"a;b","seconds":1}) must be "none" or { "cookie": a cookie name, "seconds": 1 to 604800 }',
    ],
    ['by another unit', { heartbeatMs: 1 }, 'heartbeatMs (1) is not a policy field; did you mean heartbeatSeconds'],
    [
      'that begins like several',
      { maxStreamsPerUsers: 1 },
      'maxStreamsPerUsers (1) is not a policy field; did you mean maxStreamsPerUser',
    ],
    ['in another spelling', { idleseconds: 60 }, 'idleseconds (60) is not a policy field; did you mean idleSeconds'],
  ];

  test.each(cases)('%s', (_, overrides, message) => {
    expect(messagesOf(overrides)).toEqual([message]);
  });
});

test('fails on an unknown key by listing the fields there are', () => {
  expect(messagesOf({ colour: 1 })).toEqual([
    `colour (1) is not a policy field; the fields are ${fieldNames.join(', ')}`,
  ]);
});

test('fails on words that every object knows, as on any unknown key', () => {
  const overrides = JSON.parse('{"__proto__": 1, "toString": 2, "constructor": 3}');

  expect(policyFaults(overrides).map(({ fields }) => fields)).toEqual([['__proto__'], ['toString'], ['constructor']]);
  expect(messagesOf(overrides).join()).toContain('toString (2) is not a policy field; the fields are heartbeatSeconds');
});

test('fails when an override of undefined would erase a default', () => {
  expect(() => definePolicy(fromFile({ idleSeconds: undefined }))).toThrow('idleSeconds (undefined) must be');
});

test.each([null, [], 'fast', 7, true])('fails on %j in place of an object', (value) => {
  expect(messagesOf(value)).toEqual([`policy (${JSON.stringify(value)}) must be an object of policy fields`]);
});

test('fails with every fault at once, each in a line of its own with its rule', () => {
  expect(() =>
    definePolicy(fromFile({ heartbeatSeconds: 30, retryMs: -1, idle: 60 })),
  ).toThrowErrorMatchingInlineSnapshot(`
"the stream policy does not hold:
  retryMs (-1) must be a whole number of milliseconds from 500 to 3600000 [policy-field]
  idle (60) is not a policy field; did you mean idleSeconds [policy-field]
  idleSeconds (60) must be at least missedHeartbeats (3) × heartbeatSeconds (30) + 5 s; raise idleSeconds to 95 or lower heartbeatSeconds to 18 [heartbeat-outpaces-idle]"
`);
});

test('fails with the faults as data', () => {
  const caught = (() => {
    try {
      return definePolicy({ heartbeatSeconds: 30 });
    } catch (error) {
      return error;
    }
  })();

  expect(caught).toBeInstanceOf(PolicyError);
  expect((caught as PolicyError).faults).toEqual(policyFaults({ heartbeatSeconds: 30 }));
});

test('a rule about a spoilt value keeps quiet, because it would speak of the default in its place', () => {
  expect(policyFaults({ heartbeatSeconds: 'often', idleSeconds: 5 }).map(({ rule }) => rule)).toEqual(['policy-field']);
});

test('whatever a file holds, faults are reported and never thrown, and every unknown key is named', () => {
  const files = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.oneof(fc.constantFrom(...fieldNames), fc.string()), fc.jsonValue()),
  );

  fc.assert(
    fc.property(files, (file) => {
      const named = new Set(policyFaults(file).flatMap(({ fields }) => fields));
      if (typeof file !== 'object' || file === null || Array.isArray(file)) return;
      const unknown = Object.keys(file).filter((key) => !(fieldNames as readonly string[]).includes(key));
      expect(unknown.filter((key) => !named.has(key))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
