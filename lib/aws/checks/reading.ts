import type { Fault, Hop } from '../../policy/index.ts';
import type { AnyTarget } from '../../targets/index.ts';
import type { Known } from './values.ts';

/** What no template says about the path. */
export interface Path {
  /** The service takes tokens in the query string. */
  readonly queryTokens: boolean;
}

/** What one resource, or a part of it, says about streams. */
export interface Reading extends Known {
  /** Where properties stand in the resource: `Properties`. */
  readonly at: string;
  /** Where its attributes stand, if it has a list of them: `Properties.LoadBalancerAttributes`. */
  readonly attributesAt?: string;
  /** What it does to a stream; absent where it is on no stream's path. */
  readonly hop?: Hop;
  /** What is wrong with it in itself, by properties. */
  readonly faults?: readonly Fault[];
  /** The target whose limits the policy has to keep when this is on the path. */
  readonly target?: AnyTarget;
}

/** Attributes are lower case and properties are not, in all of CloudFormation. */
export const locationOf = ({ at, attributesAt = at }: Reading, key: string | undefined): string => {
  if (key === undefined) return attributesAt;
  return /^[a-z]/.test(key) ? attributesAt : `${at}.${key}`;
};
