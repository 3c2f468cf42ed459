import { PolicyError } from './fault.ts';
import { definePolicy, type StreamPolicy } from './stream-policy.ts';

/** The environment variable that carries the whole policy to the service, as JSON. */
export const policyVariable = 'SSE_POLICY';

/** The environment that makes `policyFromEnv` give this very policy again. */
export function policyToEnv(policy: StreamPolicy): { readonly SSE_POLICY: string } {
  return { [policyVariable]: JSON.stringify(policy) };
}

/**
 * The policy of an environment; unset or empty means the defaults.
 *
 * @throws PolicyError when the variable is not JSON, or is no policy that holds.
 */
export function policyFromEnv(env: Readonly<Record<string, string | undefined>>): StreamPolicy {
  const text = env[policyVariable];
  return definePolicy(text === undefined || text.trim() === '' ? {} : parse(text));
}

function parse(text: string): Partial<StreamPolicy> {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `${policyVariable} (${text.slice(0, 80)}) must be a JSON object of policy fields: ${(error as Error).message}`;
    throw new PolicyError('the environment holds no policy', [
      { rule: 'policy-json', fields: [policyVariable], message },
    ]);
  }
}
