import { type Directive, isMeant } from '../directive.ts';
import type { Files } from '../target.ts';
import { parse, textOf } from './syntax.ts';

type Tree = readonly Directive[];

/** A VCL program: its subs with all their parts in order, and the backends that its names lead to. */
export interface Program {
  /** Every part of a sub of this name, one behind the other, as the compiler joins them. */
  readonly sub: (name: string) => Tree;
  /** The declarations behind a backend's or a director's name; without a name those of the default. */
  readonly backends: (name?: string) => Tree;
  /** All strings outside of a sub. */
  readonly stringsOutside: (sub: string) => readonly string[];
}

export const isVcl = (name: string, text: string): boolean => name.endsWith('.vcl') || /^\s*vcl \d/m.test(text);

/** Files that no other one includes are the beginning; includes are followed among the given files, where they stand. */
export function programOf(files: Files): Program {
  const vcl = Object.entries(files).filter(([name, text]) => isVcl(name, text));
  const trees = new Map(vcl.map(([name, text]) => [name, parse(text, name)]));
  const included = new Set([...trees].flatMap(([file, tree]) => includedFrom(file, tree, trees)));
  const roots = [...trees].filter(([file]) => !included.has(file));
  const root = roots.flatMap(([file, tree]) => expand(tree, trees, [file]));
  const declared = root.filter(({ name }) => name === 'backend');
  const subs = root.filter(({ name }) => name === 'sub');
  return {
    sub: (name) => subs.filter(({ args }) => args[0] === name).flatMap(({ block = [] }) => block),
    backends: (name) => backendsOf(name, declared, subs),
    stringsOutside: (sub) => subs.filter(({ args }) => args[0] !== sub).flatMap(strings),
  };
}

/** `include "a.vcl"`, and since 7.1 `include +glob "*.vcl"`. */
const wanted = ({ name, args }: Directive): string | undefined =>
  name === 'include' ? textOf(args.at(-1)) : undefined;

function expand(tree: Tree, trees: ReadonlyMap<string, Tree>, inside: readonly string[]): Tree {
  return tree.flatMap((one) => {
    const mask = wanted(one);
    if (mask !== undefined)
      return [...trees]
        .filter(([file]) => !inside.includes(file) && isMeant(file, mask))
        .flatMap(([file, part]) => expand(part, trees, [...inside, file]));
    return one.block ? [{ ...one, block: expand(one.block, trees, inside) }] : [one];
  });
}

function includedFrom(file: string, tree: Tree, trees: ReadonlyMap<string, Tree>): readonly string[] {
  return tree.flatMap((one) => {
    const mask = wanted(one);
    const here = mask === undefined ? [] : [...trees.keys()].filter((other) => other !== file && isMeant(other, mask));
    return [...here, ...includedFrom(file, one.block ?? [], trees)];
  });
}

const strings = ({ args, block = [] }: Directive): readonly string[] => [
  ...args.flatMap((word) => textOf(word) ?? []),
  ...block.flatMap(strings),
];

/** The first backend is the default one, if none is named so. Directors have what was added to them. */
function backendsOf(name: string | undefined, declared: Tree, subs: Tree, seen: readonly string[] = []): Tree {
  const fallback = declared.find(({ args }) => args[0] === 'default') ?? declared[0];
  const own = name === undefined ? fallback : declared.find(({ args }) => args[0] === name);
  if (own !== undefined) return [own];
  if (name === undefined || seen.includes(name)) return [];
  return subs
    .flatMap(({ block = [] }) => block)
    .filter((one) => one.name === `${name}.add_backend`)
    .flatMap(({ args }) => backendsOf(args[1], declared, subs, [...seen, name]));
}
