import { isFreeText, type Values } from '../../targets/index.ts';
import { type Bag, bag, list } from './template.ts';

/** What a template says of some keys: their values, and the keys whose value only the deployment will know. */
export interface Known {
  readonly values: Values;
  readonly unresolved: readonly string[];
}

const isPlain = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

/** `Ref: AWS::NoValue` is how a template says that a property is not there. */
const isSet = (value: unknown): boolean => value !== undefined && value !== null && bag(value).Ref !== 'AWS::NoValue';

/** The properties of these names. A parameter counts as unknown, whatever its default: deployments may set another. */
export function pick(from: Bag, ...names: readonly string[]): Known {
  return known(names.map((name) => [name, from[name]]));
}

/** A list of `Key` and `Value`, as Elastic Load Balancing has them. */
export function attributes(pairs: unknown): Known {
  return known(list(pairs).map((pair) => [String(bag(pair).Key), bag(pair).Value]));
}

/** A map of names to values, as parameter groups have them. */
export const entries = (map: unknown): Known => known(Object.entries(bag(map)));

function known(pairs: readonly (readonly [string, unknown])[]): Known {
  const given = pairs.filter(([, value]) => isSet(value));
  return {
    values: Object.fromEntries(given.filter((pair): pair is readonly [string, string] => isPlain(pair[1]))),
    unresolved: given.filter(([key, value]) => !isPlain(value) && !isFreeText(key)).map(([key]) => key),
  };
}

/** Whether a whole property, which is a list or a map, comes from an intrinsic function and cannot be read. */
export const isOpaque = (value: unknown): boolean =>
  Object.keys(bag(value)).some((key) => key.startsWith('Fn::') || key === 'Ref') && isSet(value);

export const together = (...parts: readonly Known[]): Known => ({
  values: Object.assign({}, ...parts.map(({ values }) => values)),
  unresolved: parts.flatMap(({ unresolved }) => unresolved),
});

/** A key that is there, whatever its value. */
export const presence = (from: Bag, name: string): Known => ({
  values: isSet(from[name]) ? { [name]: true } : {},
  unresolved: [],
});
