import type { Fact } from '../../policy/index.ts';
import { child, findAll, items, type Tree, textOf } from '../yaml.ts';

/** Whether a configuration is of this type: the last part of its type URL decides. */
export const isType = (tree: Tree | undefined, name: string): boolean =>
  textOf(tree?.entries?.find(([key]) => key === '@type')?.[1])
    ?.split('.')
    .at(-1) === name;

/** Every configuration of a type, wherever it stands: in a bootstrap, a resource file or a patch around it. */
export const allOfType = (trees: readonly Tree[], name: string): readonly Tree[] =>
  trees.flatMap((tree) => findAll(tree, (one) => isType(one, name)));

/** A fact from a field, or from Envoy's default as it would be written. */
export function fact<T>(field: Tree | undefined, name: string, otherwise: string, value: (text: string) => T): Fact<T> {
  const text = textOf(field);
  if (text === undefined) return { value: value(otherwise), setting: `${name}: ${otherwise} (default)` };
  return { value: value(text), setting: `${name}: ${text}`, ...(field && { at: field.at }) };
}

/** A fact that stands or falls with a part of the configuration. */
export const factAt = <T>(place: Tree | undefined, setting: string, value: T): Fact<T> => ({
  value,
  setting,
  ...(place && { at: place.at }),
});

/** Durations in JSON form: seconds with `s`. */
export const seconds = (text: string): number => Number(text.replace(/s$/, ''));

/** Zero is how Envoy says "none" of its timers. */
export const unlessZero = (text: string): number => seconds(text) || Number.POSITIVE_INFINITY;

/** The entries of a filter list that are switched on. */
export const enabledFilters = (manager: Tree | undefined): readonly Tree[] =>
  items(child(manager, 'http_filters')).filter((filter) => textOf(child(filter, 'disabled')) !== 'true');

/** A filter by its type, with what the route says of it instead. */
export function filterOf(manager: Tree | undefined, route: Tree | undefined, type: string): readonly Tree[] {
  const filter = enabledFilters(manager).find((one) => isType(child(one, 'typed_config'), type));
  if (filter === undefined) return [];
  const name = textOf(child(filter, 'name')) ?? '';
  const here = child(route, 'typed_per_filter_config', name);
  return [child(filter, 'typed_config'), here].filter((one) => one !== undefined);
}
