import { ApiObject, JsonPatch } from 'cdk8s';
import type { IConstruct } from 'constructs';
import type { Values } from '../lib/targets/settings.ts';

/** A number that a target renders. Should it stop rendering it, no default of the vendor's may slip in unnoticed. */
export function numberOf(values: Values, key: string): number {
  const value = values[key];
  if (typeof value !== 'number') throw new Error(`${key} (${value}) must be a number that the target renders`);
  return value;
}

/**
 * Adds to the finished manifest. `addJsonPatch` is no help for fields younger than API 1.28: cdk8s-plus-28 applies it
 * before its typed rendering, which then drops what it does not know without a word.
 */
export function patchManifest(construct: IConstruct, ...patches: readonly JsonPatch[]): void {
  const object = ApiObject.of(construct);
  const render = object.toJson.bind(object);
  object.toJson = () => JsonPatch.apply(render(), ...patches);
}
