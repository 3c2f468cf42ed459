import type { Directive } from '../directive.ts';
import { type Line, printed, type Style } from '../writing.ts';

/**
 * VCL as trees. Varnish's own compiler gives C, and needs the modules, the files and a C compiler of the machine that it
 * is for; on npm there is none that keeps lines. The grammar is small: varnish-cache.org/docs/7.1/reference/vcl.html.
 */
const style: Style = {
  indent: '    ',
  alone: (directive) => `${directive};`,
  first: (directive) => `${directive} {`,
  last: () => '}',
};

/** The lines as VCL. */
export const print = (lines: readonly Line[]): string => printed(lines, style);

interface Token {
  readonly text: string;
  readonly line: number;
}

/** Remarks and C code, strings in their three forms, names and numbers with what belongs to them, and operators. */
const piece =
  /(?<skipped>\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|C\{[\s\S]*?\}C)|"""(?<triple>[\s\S]*?)"""|\{"(?<long>[\s\S]*?)"\}|"(?<short>[^"\n]*)"|(?<word>[\w.](?:[\w.-]*\w)?)|(?<operator>&&|\|\||[!=<>+*/-]=|!~|[\s\S])/gy;

/** A string as one word that tells itself from a name: in double quotes, whatever it was in. */
const quoted = (text: string): string => `"${text}"`;

/** What a word says, where it is a string. */
export const textOf = (word: string | undefined): string | undefined =>
  word?.startsWith('"') ? word.slice(1, -1) : undefined;

function tokens(text: string, file: string): readonly Token[] {
  const found: Token[] = [];
  let line = 1;
  for (const match of text.matchAll(piece)) {
    const { skipped, triple, long, short, word, operator } = match.groups ?? {};
    const string = triple ?? long ?? short;
    if (operator === '"') throw new Error(`${file}:${line}: a string is never closed`);
    if (skipped === undefined) {
      found.push({ text: string === undefined ? (word ?? operator ?? '') : quoted(string), line });
    }
    line += match[0].split('\n').length - 1;
  }
  return found;
}

/**
 * Any VCL as a tree, in file order: `set a = b;` is a directive `set` with the words behind it, `sub x { … }` one with a
 * block. Conditions keep their parentheses.
 *
 * @throws Error naming file and line where a brace, a semicolon or a quote is missing.
 */
export function parse(text: string, file: string): readonly Directive[] {
  const words = tokens(text, file);
  let next = 0;
  const block = (opener?: Token): Directive[] => {
    const directives: Directive[] = [];
    for (let word = words[next]; word !== undefined; word = words[next]) {
      if (word.text === ';') next++;
      else if (word.text === '}') {
        if (opener === undefined) throw new Error(`${file}:${word.line}: unexpected "}"`);
        next++;
        return directives;
      } else directives.push(directive(word));
    }
    if (opener !== undefined) throw new Error(`${file}:${opener.line}: the file ends inside "${opener.text}"`);
    return directives;
  };
  const directive = (first: Token): Directive => {
    const start = next;
    while (next < words.length && !/^[;{}]$/.test(words[next]?.text ?? '')) next++;
    const [name = '', ...args] = words.slice(start, next).map((word) => word.text);
    const end = words[next++]?.text;
    const plain = { name, args, file, line: first.line };
    if (end === '{') return { ...plain, block: block(first) };
    if (end === ';') return plain;
    throw new Error(`${file}:${first.line}: "${name}" has no ";" at its end`);
  };
  return block();
}
