import type { Fact } from '../../policy/index.ts';
import { at } from './manifest.ts';

/** Where a number may stand, nearest first, and what counts when it stands nowhere. */
export interface Places {
  readonly places: readonly (readonly [where: unknown, ...path: readonly (string | number)[]])[];
  readonly otherwise: number;
}

/**
 * A number of seconds from the first place that has one. What the grammar does not take counts as if it were not there:
 * the API server would have refused it. Zero is none where `zeroIsNone`.
 */
export function secondsFact(
  name: string,
  { places, otherwise }: Places,
  seconds: (value: unknown) => number | undefined,
  zeroIsNone = true,
): Fact<number> {
  const found = places.map(([where, ...path]) => at(where, ...path)).find((value) => seconds(value) !== undefined);
  const value = seconds(found);
  if (value === undefined) return { value: otherwise, setting: `${name}: ${otherwise}s (default)` };
  return { value: zeroIsNone && value === 0 ? Number.POSITIVE_INFINITY : value, setting: `${name}: ${found}` };
}

/** A whole number from the first place that has one. */
export function countFact(name: string, { places, otherwise }: Places): Fact<number> {
  const found = places.map(([where, ...path]) => at(where, ...path)).find((value) => typeof value === 'number');
  return { value: found ?? otherwise, setting: `${name}: ${found ?? `${otherwise} (default)`}` };
}
