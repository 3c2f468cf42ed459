import { definePolicy, type StreamPolicy } from '../policy/index.ts';
import type { AnyTarget } from './target.ts';

/** What some targets ask of a policy, least first. */
const changes: readonly Partial<StreamPolicy>[] = [
  {},
  { keepAliveSeconds: 620 },
  { stickiness: 'none' },
  { keepAliveSeconds: 620, stickiness: 'none' },
];

/**
 * What has to be changed in the default policy before a target can express it: nothing, for most.
 *
 * @throws Error for a target that none of the known changes does for.
 */
export function changesFor(target: AnyTarget): Partial<StreamPolicy> {
  const found = changes.find((change) => target.limitFaults(definePolicy(change)).length === 0);
  if (found === undefined)
    throw new Error(`${target.id} must be able to express the default policy with one of ${JSON.stringify(changes)}`);
  return found;
}

/** The default policy, as near as a target can express it. */
export const examplePolicy = (target: AnyTarget): StreamPolicy => definePolicy(changesFor(target));
