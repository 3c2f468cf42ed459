import type { StreamPolicy } from '../../policy/index.ts';
import { comment } from '../proxies.ts';

/**
 * A manifest as a tree whose lines carry their reasons. The same tree becomes the plain object that is applied and the
 * file that teaches, so that neither can say what the other does not.
 */
export type Node = Scalar | Mapping | Sequence;
export type Scalar = string | number | boolean;

export interface Mapping {
  readonly lines: readonly Line[];
}

export interface Sequence {
  readonly items: readonly Node[];
}

export interface Line {
  readonly key: string;
  readonly value: Node;
  /** Stands above the line. Absent where key and value say it all. */
  readonly why?: string;
  /** The policy fields the value comes from. */
  readonly from?: readonly (keyof StreamPolicy)[];
}

export const line = (key: string, value: Node, why?: string, from: Line['from'] = []): Line => ({
  key,
  value,
  ...(why !== undefined && { why }),
  from,
});

/** Lines that are left out of a mapping. */
type Absent = undefined | false;

export const map = (...lines: readonly (Line | Absent)[]): Mapping => ({
  lines: lines.filter((one): one is Line => Boolean(one)),
});

export const list = (...items: readonly Node[]): Sequence => ({ items });

/** The bare object, as an API takes it. */
export function plain(node: Node): unknown {
  if (typeof node !== 'object') return node;
  if ('items' in node) return node.items.map(plain);
  return Object.fromEntries(node.lines.map(({ key, value }) => [key, plain(value)]));
}

/** The same as YAML, with the reason and the policy fields above each line that has some. */
export function yaml(node: Mapping, indent = ''): string {
  return node.lines
    .map(({ key, value, why, from }) => {
      const reason = why === undefined ? '' : comment(why, from, indent);
      return `${reason}${indent}${keyOf(key)}:${textOf(value, indent)}`;
    })
    .join('');
}

const keyOf = (key: string): string => (/^[\w./-]+$/.test(key) ? key : JSON.stringify(key));

function textOf(node: Node, indent: string): string {
  if (typeof node === 'string' && severalLines.test(node)) return block(node, `${indent}  `);
  if (typeof node !== 'object') return ` ${scalar(node)}\n`;
  if ('lines' in node) return node.lines.length > 0 ? `\n${yaml(node, `${indent}  `)}` : ' {}\n';
  return node.items.length > 0 ? `\n${node.items.map((item) => itemOf(item, `${indent}  `)).join('')}` : ' []\n';
}

/** Lines whose first and last are not empty: with those, a block would have to count. */
const severalLines = /^\S.*\n.*\S$/s;

/** Several lines as they are: a text that has to be read should not stand between quotes. */
function block(text: string, indent: string): string {
  const lines = text.split('\n').map((one) => (one === '' ? '\n' : `${indent}${one}\n`));
  return ` |-\n${lines.join('')}`;
}

/** A mapping begins beside its dash; should its first line have a reason, that goes above the dash. */
function itemOf(item: Node, indent: string): string {
  if (typeof item !== 'object') return `${indent}- ${scalar(item)}\n`;
  if ('items' in item) throw new Error('a list of lists is not written: no manifest here has one');
  const [first, ...rest] = item.lines;
  if (first === undefined) return `${indent}- {}\n`;
  const { why, from, ...bare } = first;
  const reason = why === undefined ? '' : comment(why, from, indent);
  const inner = `${indent}  `;
  return `${reason}${indent}- ${yaml({ lines: [bare] }, inner).trimStart()}${yaml({ lines: rest }, inner)}`;
}

/** Quoted unless it can be nothing but a string: "60" and "true" must stay strings, as annotations have to be. */
const scalar = (value: Scalar): string =>
  typeof value === 'string' && /^[A-Za-z][\w./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value)
    ? value
    : JSON.stringify(value);
