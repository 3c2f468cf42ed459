import fc from 'fast-check';
import { defaults, policyFromEnv, policyToEnv } from '../../lib/policy/index.ts';
import { validPolicies } from './arbitraries.ts';

test('a policy comes back from the environment as it went in', () => {
  fc.assert(
    fc.property(validPolicies, (policy) => {
      expect(policyFromEnv(policyToEnv(policy))).toEqual(policy);
    }),
    { numRuns: 200 },
  );
});

test.each([{}, { SSE_POLICY: '' }, { SSE_POLICY: ' \n' }, { SSE_POLICY: '{}' }])('%j is the default policy', (env) => {
  expect(policyFromEnv(env)).toEqual(defaults);
});

test('fails on a variable that is no JSON, naming it', () => {
  expect(() => policyFromEnv({ SSE_POLICY: '{idleSeconds: 90}' })).toThrow(
    /the environment holds no policy:\n {2}SSE_POLICY \(\{idleSeconds: 90\}\) must be a JSON object of policy fields: .+ \[policy-json\]/,
  );
});

test('fails on a policy that does not hold', () => {
  expect(() => policyFromEnv({ SSE_POLICY: '{"heartbeatSeconds":30}' })).toThrow('[heartbeat-outpaces-idle]');
});
