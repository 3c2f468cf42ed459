import type { Directive } from '../directive.ts';
import { type Line, printed, type Style } from '../writing.ts';

const style: Style = {
  indent: '    ',
  alone: (directive) => `${directive};`,
  first: (directive) => `${directive} {`,
  last: () => '}',
};

/** The lines as nginx configuration. */
export const print = (lines: readonly Line[]): string => printed(lines, style);

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

function tokens(text: string, file: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  let position = 0;
  const advance = (to: number): string => {
    const passed = text.slice(position, to);
    line += passed.split('\n').length - 1;
    position = to;
    return passed;
  };
  // Between words there is nothing but blanks, unless a quote was opened and never closed.
  const skip = (to: number): void => {
    if (advance(to).trim() !== '') throw new Error(`${file}:${line}: a quote is never closed`);
  };
  for (const match of text.matchAll(tokenPattern)) {
    skip(match.index);
    const quoted = match[1] ?? match[2];
    const unescaped = (quoted ?? match[0]).replace(/\\([nrt"'\\])/g, (_, c: string) => escapes[c] ?? c);
    if (!match[0].startsWith('#')) found.push({ text: unescaped, line, quoted: quoted !== undefined });
    advance(match.index + match[0].length);
  }
  skip(text.length);
  return found;
}

/**
 * Any nginx configuration as a tree, in file order.
 *
 * @throws Error naming file and line where a brace or a semicolon is missing.
 */
export function parse(text: string, file: string): readonly Directive[] {
  const words = tokens(text, file);
  let next = 0;
  const block = (opener?: Token): Directive[] => {
    const directives: Directive[] = [];
    let pending: Token[] = [];
    for (; next < words.length; next++) {
      const word = words[next] as Token;
      if (word.quoted || !'{};'.includes(word.text)) {
        pending.push(word);
        continue;
      }
      if (word.text === '}') {
        if (opener === undefined || pending.length > 0) throw new Error(`${file}:${word.line}: unexpected "}"`);
        return directives;
      }
      const [name, ...args] = pending;
      if (name === undefined) throw new Error(`${file}:${word.line}: unexpected "${word.text}"`);
      const plain = { name: name.text, args: args.map((arg) => arg.text), file, line: name.line };
      next++;
      directives.push(word.text === '{' ? { ...plain, block: block(name) } : plain);
      if (word.text === ';') next--;
      pending = [];
    }
    const open = pending[0] ?? opener;
    if (open !== undefined) throw new Error(`${file}:${open.line}: the file ends inside "${open.text}"`);
    return directives;
  };
  return block();
}
