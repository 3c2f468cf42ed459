import fc from 'fast-check';
import { brokenPolicies, withDefaults } from '../../lib/docs/broken-examples.ts';
import { fieldFaults } from '../../lib/policy/fields.ts';
import { type PolicyRule, policyRules, type StreamPolicy } from '../../lib/policy/index.ts';
import { soundFields, validPolicies } from './arbitraries.ts';
import { follow, waysOut } from './suggestions.ts';

/** The nearest policy that still holds, for each example that does not. */
const healthyPolicies: Readonly<Record<string, Partial<StreamPolicy>>> = {
  'heartbeat-outpaces-idle': { heartbeatSeconds: 18 },
  'heartbeats-are-affordable': { heartbeatSeconds: 2 },
  'keep-alive-outlives-pools': { keepAliveSeconds: 65 },
  'retry-is-honoured': { retryMs: 1000 },
  'retry-is-spread': { retryJitter: 0.17 },
  'drain-matches-admission': { drainSeconds: 20 },
  'replay-covers-absence': { replaySeconds: 130 },
  'watchdog-fits-replay': { heartbeatSeconds: 198 },
  'stickiness-within-age': { maxStreamAgeSeconds: 900, stickiness: { cookie: 'SSEKIT', seconds: 900 } },
  'slow-limit-holds-events': { slowClientBytes: 262_144 },
};

const byId = policyRules.map((rule) => [rule.id, rule] as const);

test('every rule has a broken and a healthy example, and no example is without its rule', () => {
  const ids = policyRules.map(({ id }) => id).sort();

  expect(Object.keys(brokenPolicies).sort()).toEqual(ids);
  expect(Object.keys(healthyPolicies).sort()).toEqual(ids);
});

test.each(byId)('fails %s', (id, rule) => {
  const verdict = rule.judge(withDefaults(brokenPolicies[id]));

  expect(verdict).toEqual({
    verdict: 'broken',
    faults: [{ rule: id, fields: rule.fields, message: expect.stringMatching(/ must .+; (raise|lower|set) /) }],
  });
});

test.each(byId)('%s holds as soon as it can', (id, rule) => {
  expect(rule.judge(withDefaults(healthyPolicies[id]))).toEqual({ verdict: 'holds' });
});

test.each(byId)('the message of %s names every field the rule reads, with its value', (id, rule) => {
  const policy = withDefaults(brokenPolicies[id]);
  const verdict = rule.judge(policy);
  const message = verdict.verdict === 'broken' ? verdict.faults.map((fault) => fault.message).join() : '';

  // a derived number may stand for the fields it is made of
  const derived = /the longest retry \(\d+ ms\)|maxStreams \/ connectRatePerSecond \(\d+ s\)/g;
  const unnamed = rule.fields.filter((field) => !message.replace(derived, 'retryMs retryJitter $&').includes(field));
  expect(unnamed).toEqual([]);
});

test.each(byId)('following the advice of %s satisfies it, with values that are in range', (_, rule) => {
  fc.assert(
    fc.property(soundFields, (policy) => adviceIsGood(rule, policy)),
    { numRuns: 300, examples: [[withDefaults(brokenPolicies[rule.id])]] },
  );
});

function adviceIsGood(rule: PolicyRule, policy: StreamPolicy): void {
  const verdict = rule.judge(policy);
  if (verdict.verdict !== 'broken') return;
  for (const { message } of verdict.faults) {
    const ways = waysOut(message).map((way) => follow(policy, way));
    expect(ways.length).toBeGreaterThan(0);
    expect(ways.map((followed) => rule.judge(followed).verdict)).toEqual(ways.map(() => 'holds'));
    expect(ways.flatMap((followed) => fieldFaults({ ...followed }))).toEqual([]);
  }
}

test('every rule holds for every valid policy', () => {
  fc.assert(
    fc.property(validPolicies, (policy) => {
      expect(policyRules.filter((rule) => rule.judge(policy).verdict !== 'holds')).toEqual([]);
    }),
  );
});
