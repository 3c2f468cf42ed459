import type { StreamPolicy } from '../../policy/index.ts';

/** A directive as it stands in a file; `block` holds what is between its braces. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block?: readonly Directive[];
  readonly file: string;
  readonly line: number;
}

/** A line to print, with the reason that stands above it. Without a directive it is a remark of its own. */
export interface Line {
  readonly directive?: string;
  readonly why?: string;
  readonly from?: readonly (keyof StreamPolicy)[];
  readonly block?: readonly Line[];
}

const width = 100;

/** The lines as nginx configuration: reasons as comments above, blank lines around what has a reason or a block. */
export function print(lines: readonly Line[], indent = ''): string {
  return lines
    .map((line, index) => {
      const apart = line.why !== undefined || line.block !== undefined || lines[index - 1]?.block !== undefined;
      const gap = index > 0 && apart ? '\n' : '';
      return gap + comment(line, indent) + directive(line, indent);
    })
    .join('');
}

function directive({ directive: text, block }: Line, indent: string): string {
  if (text === undefined) return '';
  if (block === undefined) return `${indent}${text};\n`;
  return `${indent}${text} {\n${print(block, `${indent}    `)}${indent}}\n`;
}

function comment({ why, from }: Line, indent: string): string {
  if (why === undefined) return '';
  const origin = from && from.length > 0 ? ` (${from.join(', ')})` : '';
  return (why + origin)
    .split('\n')
    .flatMap((paragraph) => wrap(paragraph, width - indent.length - 2))
    .map((text) => `${indent}# ${text}`.trimEnd())
    .map((text) => `${text}\n`)
    .join('');
}

function wrap(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    const longer = lines[last] === '' ? word : `${lines[last]} ${word}`;
    if (longer.length <= columns || lines[last] === '') lines[last] = longer;
    else lines.push(word);
  }
  return lines;
}

interface Token {
  readonly text: string;
  readonly line: number;
  /** Quoted words are never punctuation. */
  readonly quoted: boolean;
}

/** Words, quoted strings with their escapes, braces and semicolons; comments are left out. */
const tokenPattern =
  /#[^\n]*|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|[{};]|(?:\$\{\w+\}|\\.|[^\s{};"'\\#])(?:\$\{\w+\}|\\.|[^\s{};\\])*/gs;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  let position = 0;
  for (const match of text.matchAll(tokenPattern)) {
    line += text.slice(position, match.index).split('\n').length - 1;
    position = match.index;
    const quoted = match[1] ?? match[2];
    if (match[0].startsWith('#')) continue;
    found.push({
      text: (quoted ?? match[0]).replace(/\\([nrt"'\\])/g, (_, c: string) => escapes[c] ?? c),
      line,
      quoted: quoted !== undefined,
    });
  }
  return found;
}

/**
 * Any nginx configuration as a tree, in file order.
 *
 * @throws Error naming file and line where a brace or a semicolon is missing.
 */
export function parse(text: string, file: string): readonly Directive[] {
  const words = tokens(text);
  let next = 0;
  const block = (depth: number): Directive[] => {
    const directives: Directive[] = [];
    let pending: Token[] = [];
    for (; next < words.length; next++) {
      const word = words[next] as Token;
      if (word.quoted || !'{};'.includes(word.text)) {
        pending.push(word);
        continue;
      }
      if (word.text === '}') {
        if (depth === 0 || pending.length > 0) throw new Error(`${file}:${word.line}: unexpected "}"`);
        return directives;
      }
      const [name, ...args] = pending;
      if (name === undefined) throw new Error(`${file}:${word.line}: unexpected "${word.text}"`);
      const plain = { name: name.text, args: args.map((arg) => arg.text), file, line: name.line };
      next++;
      directives.push(word.text === '{' ? { ...plain, block: block(depth + 1) } : plain);
      if (word.text === ';') next--;
      pending = [];
    }
    if (depth > 0 || pending.length > 0) throw new Error(`${file}: ends inside ${pending[0]?.text ?? 'a block'}`);
    return directives;
  };
  return block(0);
}
