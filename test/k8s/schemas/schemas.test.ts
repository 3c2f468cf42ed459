import { examplePolicy } from '../../../lib/targets/expressible.ts';
import { type EdgeId, edges } from '../../../lib/targets/index.ts';
import { faultsIn } from '../valid.ts';
import { schemas } from './schemas.ts';

const manifests = (Object.keys(edges) as EdgeId[]).flatMap(
  (id) => edges[id].render(examplePolicy(edges[id])).manifests,
);

const written = Object.entries(schemas).map(([id, schema]) => [id, schema] as const);

const exampleOf = (id: string) => {
  const example = manifests.find(({ apiVersion, kind }) => `${apiVersion} ${kind}` === id);
  if (example === undefined) throw new Error(`${id} is rendered by no edge; its schema is not needed`);
  return example;
};

/** Every object in a value, with its path. */
function objectsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, inner]) => objectsIn(inner, [...path, key]));
  return Array.isArray(value) ? inside : [path, ...inside];
}

test.each(written)('%s is what an edge renders, and its definition has a source', (id, { source }) => {
  expect(faultsIn(exampleOf(id))).toEqual([]);
  expect(source).toMatch(/^[\w.-]+\/[\w.-]+:.+, \S+$/);
});

test.each(written)('%s has nothing else where a number or a switch belongs', (id) => {
  const example = exampleOf(id);
  const numbers = objectsIn(example).flatMap((path) => {
    const place = path.reduce((node: unknown, key) => Reflect.get(node as object, key), example as unknown);
    return Object.entries(place as object)
      .filter(([, value]) => typeof value === 'number' || typeof value === 'boolean')
      .map(([key]) => [...path, key]);
  });

  const taken = numbers.filter((path) => {
    const copy = structuredClone(example);
    const place = path.slice(0, -1).reduce((node: unknown, key) => Reflect.get(node as object, key), copy);
    Reflect.set(place as object, path.at(-1) ?? '', {});
    return faultsIn(copy).length === 0;
  });

  expect(taken).toEqual([]);
});
