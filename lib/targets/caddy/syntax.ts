import type { Directive } from '../directive.ts';
import { type Line, printed, type Style } from '../writing.ts';

/**
 * Caddyfiles as trees. The only complete parser is Caddy's own (`caddy adapt`), which would make reading a matter of what
 * is installed where it is done, and which forgets lines and files on the way; the one on npm (caddyfile-parser 1.1)
 * keeps no lines, and puts in the environment of whoever reads. The grammar is small: caddyserver.com/docs/caddyfile/concepts.
 */
const style: Style = {
  indent: '\t',
  alone: (directive) => directive,
  first: (directive) => `${directive} {`.trimStart(),
  last: () => '}',
};

/** The lines as a Caddyfile, in the form that `caddy fmt` leaves alone. */
export const print = (lines: readonly Line[]): string => printed(lines, style);

interface Token {
  readonly text: string;
  readonly line: number;
  /** The line it ends on: quotes may hold line breaks. */
  readonly lastLine: number;
  /** Quoted words are never braces. */
  readonly quoted: boolean;
}

/** Remarks, heredocs, quoted strings, joined lines, and words, which may have placeholders and braces in them. */
const tokenPattern =
  /(?<=^|\s)#[^\n]*|(?<=^|\s)<<(?<mark>\w+)\n(?<doc>[\s\S]*?)\n[ \t]*\k<mark>(?=\s|$)|(?<=^|\s)"(?<double>(?:\\.|[^"\\])*)"|(?<=^|\s)`(?<back>[^`]*)`|\\\n|[^\s\\]+(?:\\[^\n][^\s\\]*)*|\\[^\n]\S*/g;

function tokens(text: string, file: string): readonly Token[] {
  const found: Token[] = [];
  const lineAt = (position: number): number => text.slice(0, position).split('\n').length;
  let joined = 0;
  for (const match of text.replaceAll('\r\n', '\n').matchAll(tokenPattern)) {
    const { doc, double, back } = match.groups ?? {};
    if (match[0].startsWith('#')) continue;
    if (match[0] === '\\\n') {
      joined++;
      continue;
    }
    const line = lineAt(match.index);
    if (/^["`]/.test(match[0]) && double === undefined && back === undefined)
      throw new Error(`${file}:${line}: a quote is never closed`);
    const lastLine = lineAt(match.index + match[0].length);
    const last = found.at(-1);
    // a line break behind a backslash is none
    const shift = joined > 0 && last !== undefined ? line - last.lastLine : 0;
    joined = 0;
    const quoted = doc ?? double?.replaceAll('\\"', '"') ?? back;
    found.push({ text: quoted ?? match[0], line: line - shift, lastLine, quoted: quoted !== undefined });
  }
  return found;
}

/**
 * Any Caddyfile as a tree, in file order. A block without a name has the name "": the global options.
 *
 * @throws Error naming file and line where a brace or a quote is missing.
 */
export function parse(text: string, file: string): readonly Directive[] {
  const words = tokens(text, file);
  let next = 0;
  const block = (opener?: Token): Directive[] => {
    const directives: Directive[] = [];
    while (next < words.length) {
      const first = words[next] as Token;
      if (isBrace(first, '}')) {
        if (opener === undefined) throw new Error(`${file}:${first.line}: unexpected "}"`);
        next++;
        return directives;
      }
      const line = lineFrom(words, next);
      next += line.length;
      const opens = isBrace(line.at(-1) as Token, '{');
      const [name = '', ...args] = (opens ? line.slice(0, -1) : line).map((word) => word.text);
      const plain = { name, args, file, line: first.line };
      directives.push(opens ? { ...plain, block: block(first) } : plain);
    }
    if (opener !== undefined) throw new Error(`${file}:${opener.line}: the file ends inside "${opener.text}"`);
    return directives;
  };
  return block();
}

const isBrace = ({ text, quoted }: Token, brace: string): boolean => text === brace && !quoted;

/** The words of one line, up to the brace that opens a block. A comma at its end goes on with the next: addresses. */
function lineFrom(words: readonly Token[], start: number): readonly Token[] {
  let end = start + 1;
  for (; end < words.length; end++) {
    const [last, word] = [words[end - 1] as Token, words[end] as Token];
    if (isBrace(last, '{') || isBrace(word, '}')) break;
    if (word.line > last.lastLine && !last.text.endsWith(',')) break;
  }
  return words.slice(start, end);
}
