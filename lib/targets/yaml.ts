import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';
import type { StreamPolicy } from '../policy/index.ts';
import { comment } from './proxies.ts';

type Scalar = string | number | boolean | null;

/** A value in a YAML or JSON file, with its place. Aliases and merge keys are resolved. */
export interface Tree {
  /** `envoy.yaml:12`: for a value with a key, the line of the key. */
  readonly at: string;
  readonly scalar?: Scalar;
  readonly entries?: readonly Entry[];
  readonly items?: readonly Tree[];
}

type Entry = readonly [key: string, value: Tree];

const keyOf = (key: unknown): string => (isScalar(key) ? String(key.value) : '');

/**
 * The documents of one file.
 *
 * @throws Error naming file and line where the text is not YAML, or an alias stands for nothing.
 */
export function readYaml(text: string, file: string): readonly Tree[] {
  const lines = new LineCounter();
  // a tag of the reader's own, like Envoy's !ignore, is no fault
  const documents = parseAllDocuments(text, { lineCounter: lines, logLevel: 'error' });
  if (!Array.isArray(documents)) return [];
  const at = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  return documents.flatMap(({ errors: [fault], contents }) => {
    if (fault) throw new Error(`${at(fault.pos[0])}: ${fault.message.split('\n')[0]?.replace(/ at line .*$/, '')}`);
    return contents === null ? [] : [converter(at)(contents, at(0))];
  });
}

type Convert = (node: unknown, place: string) => Tree;

/**
 * From the nodes of one document to trees. An alias stands for what its anchor was last; the package's own way from one
 * to the other goes through the whole document each time.
 */
function converter(at: (offset: number) => string): Convert {
  const anchored = new Map<string, Tree>();
  const placeOf = (node: unknown, otherwise: string): string => {
    const range = (node as ParsedNode | null)?.range;
    return range ? at(range[0]) : otherwise;
  };
  const convert: Convert = (node, place) => {
    if (isAlias(node)) {
      const meant = anchored.get(node.source);
      if (meant === undefined) throw new Error(`${place}: "*${node.source}" stands before or inside what it names`);
      return { ...meant, at: place };
    }
    const tree = { at: place, ...contentOf(node, place) };
    if ((isScalar(node) || isSeq(node) || isMap(node)) && node.anchor) anchored.set(node.anchor, tree);
    return tree;
  };
  const contentOf = (node: unknown, place: string): Omit<Tree, 'at'> => {
    if (isScalar(node)) return { scalar: node.value as Scalar };
    if (isSeq(node)) return { items: node.items.map((item) => convert(item, placeOf(item, place))) };
    if (!isMap(node)) return { scalar: null };
    const entries = node.items.map((pair): Entry => [keyOf(pair.key), convert(pair.value, placeOf(pair.key, place))]);
    // what is merged in gives way to what is written
    const merged = entries.filter(([key]) => key === '<<').flatMap(([, value]) => value.entries ?? []);
    return { entries: [...merged, ...entries.filter(([key]) => key !== '<<')] };
  };
  return convert;
}

/** Trees of every YAML and JSON file among these; others stand beside them and are none. */
export const readAllYaml = (files: Readonly<Record<string, string>>): readonly Tree[] =>
  Object.entries(files)
    .filter(([name]) => /\.(ya?ml|json)$/.test(name))
    .flatMap(([name, text]) => readYaml(text, name));

/** A plain value as a tree: all of it has one place. */
export function treeOf(value: unknown, at: string): Tree {
  if (Array.isArray(value)) return { at, items: value.map((item) => treeOf(item, at)) };
  if (typeof value !== 'object' || value === null) return { at, scalar: (value ?? null) as Scalar };
  return { at, entries: Object.entries(value).map(([key, inner]): Entry => [key, treeOf(inner, at)]) };
}

/** Case and underscores do not count: Envoy takes `idle_timeout` and `idleTimeout`, Traefik any case. */
const normal = (key: string): string => key.replaceAll('_', '').toLowerCase();

/** The value under a path of keys. */
export function child(tree: Tree | undefined, ...path: readonly string[]): Tree | undefined {
  return path.reduce<Tree | undefined>(
    (at, key) => at?.entries?.findLast(([name]) => normal(name) === normal(key))?.[1],
    tree,
  );
}

export const items = (tree: Tree | undefined): readonly Tree[] => tree?.items ?? [];

/** A scalar as it is written; undefined where there is none. */
export const textOf = (tree: Tree | undefined): string | undefined =>
  tree?.scalar === undefined || tree.scalar === null ? undefined : String(tree.scalar);

export const isTrue = (tree: Tree | undefined): boolean => textOf(tree) === 'true';

/** Everything in a tree that passes, outermost first. */
export function findAll(tree: Tree, wanted: (tree: Tree) => boolean): readonly Tree[] {
  const children = [...(tree.items ?? []), ...(tree.entries ?? []).map(([, value]) => value)];
  return [...(wanted(tree) ? [tree] : []), ...children.flatMap((one) => findAll(one, wanted))];
}

/** A key to print, alone or with what belongs to it, below the reason for it. */
export interface YamlLine {
  /** `key: value`, or `key:` before a block or items. */
  readonly directive?: string;
  readonly why?: string;
  readonly from?: readonly (keyof StreamPolicy)[];
  readonly block?: readonly YamlLine[];
  readonly items?: readonly YamlItem[];
}

/** An item of a list: a value on one line, or the keys of a mapping. */
export interface YamlItem {
  readonly why?: string;
  readonly from?: readonly (keyof StreamPolicy)[];
  /** What an alias elsewhere calls it. */
  readonly anchor?: string;
  readonly value?: string;
  readonly lines?: readonly YamlLine[];
}

/** Lines as YAML: reasons as comments above, blank lines around what has one. */
export const printYaml = (lines: readonly YamlLine[], indent = ''): string =>
  lines
    .map(({ directive, block = [], items: list = [], ...reason }, index) => {
      const inside =
        printYaml(block, `${indent}  `) + list.map((item, at) => printItem(item, at, `${indent}  `)).join('');
      return above(reason, index, indent) + (directive === undefined ? '' : `${indent}${directive}\n`) + inside;
    })
    .join('');

function printItem({ anchor, value, lines = [], ...reason }: YamlItem, index: number, indent: string): string {
  const name = anchor === undefined ? '' : `&${anchor}`;
  const keys = printYaml(lines, `${indent}  `);
  // the first key stands beside the dash, unless the item has a name
  const body = value ?? (name === '' ? keys.trimStart().trimEnd() : `\n${keys.trimEnd()}`);
  const space = name === '' || body.startsWith('\n') ? '' : ' ';
  return `${above(reason, index, indent)}${indent}- ${name}${space}${body}\n`;
}

const above = ({ why, from }: Pick<YamlItem, 'why' | 'from'>, index: number, indent: string): string =>
  why === undefined ? '' : (index > 0 ? '\n' : '') + comment(why, from, indent);
