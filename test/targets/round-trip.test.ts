import fc from 'fast-check';
import { type Hop, hopRules, type StreamPolicy } from '../../lib/policy/index.ts';
import { examplePolicy } from '../../lib/targets/expressible.ts';
import { targets } from '../../lib/targets/index.ts';
import { everywhere, policiesWithin, validPolicies } from '../policy/arbitraries.ts';

const byId = targets.map((target) => [target.id, target] as const);

/** Half of them anything that holds, half of them small enough for every vendor. */
const policies = fc.oneof(validPolicies, policiesWithin(everywhere));

const faultsOf = (policy: StreamPolicy, hop: Hop): readonly string[] =>
  hopRules.flatMap((rule) => {
    const verdict = rule.judge(policy, hop);
    return verdict.verdict === 'broken' ? verdict.faults.map(({ message }) => message) : [];
  });

test('targets have different names', () => {
  expect(new Set(targets.map(({ id }) => id)).size).toBe(targets.length);
});

test.each(byId)(
  'what %s renders satisfies every hop rule when it is read back, for any policy it can express',
  (_, target) => {
    const expressible = policies.filter((policy) => target.limitFaults(policy).length === 0);

    fc.assert(
      fc.property(expressible, (policy) => {
        expect(faultsOf(policy, target.hop(policy))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  },
);

test.each(byId)('the hop of %s bears its name and is judged by at least one rule', (id, target) => {
  const policy = examplePolicy(target);
  const hop = target.hop(policy);
  const judged = hopRules.filter((rule) => rule.judge(policy, hop).verdict === 'holds');

  expect(hop.target).toBe(id);
  expect(judged.length).toBeGreaterThan(0);
});
