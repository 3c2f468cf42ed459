import type { Directive } from '../directive.ts';
import { type Line, printed, type Style } from '../writing.ts';

/**
 * Apache's configuration as a tree. The parser on npm (apacheconf 0.0.5) reads files from disk itself and gives back
 * objects by name, without order and lines; the grammar is one directive a line: httpd.apache.org/docs/2.4/configuring.html.
 */
const style: Style = {
  indent: '    ',
  alone: (directive) => directive,
  first: (directive) => directive,
  last: (directive) => `</${/^<(\w+)/.exec(directive)?.[1]}>`,
};

/** The lines as Apache configuration. */
export const print = (lines: readonly Line[]): string => printed(lines, style);

/**
 * Any Apache configuration as a tree, in file order. A section has the name of its tag: `<Location "/a">` is `<Location`.
 *
 * @throws Error naming file and line where a section is not closed, or closed as another.
 */
export function parse(text: string, file: string): readonly Directive[] {
  const root: Directive[] = [];
  const open: { readonly section: Directive; readonly inside: Directive[] }[] = [];
  for (const { words, line } of logicalLines(text)) {
    const { section, inside } = open.at(-1) ?? { section: undefined, inside: root };
    const closed = /^<\/(\w+)\s*>$/.exec(words)?.[1];
    if (closed !== undefined) {
      if (section?.name.toLowerCase() !== `<${closed}`.toLowerCase())
        throw new Error(`${file}:${line}: unexpected "</${closed}>"`);
      open.pop();
      continue;
    }
    const [name = '', ...args] = wordsOf(words.startsWith('<') ? words.replace(/>$/, '') : words);
    const directive = { name, args, file, line };
    if (!name.startsWith('<')) {
      inside.push(directive);
      continue;
    }
    const block: Directive[] = [];
    const opened = { ...directive, block };
    inside.push(opened);
    open.push({ section: opened, inside: block });
  }
  const last = open.at(-1)?.section;
  if (last !== undefined) throw new Error(`${file}:${last.line}: the file ends inside "${last.name}>"`);
  return root;
}

/** Lines without remarks and blanks; a backslash at the end goes on with the next one. */
function logicalLines(text: string): readonly { readonly words: string; readonly line: number }[] {
  const found: { words: string; line: number }[] = [];
  let goesOn = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const words = raw.replace(/\\$/, ' ').trim();
    const last = found.at(-1);
    if (goesOn && last) last.words = `${last.words} ${words}`.trim();
    else if (words !== '' && !words.startsWith('#')) found.push({ words, line: index + 1 });
    goesOn = raw.endsWith('\\') && !words.startsWith('#');
  }
  return found;
}

function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\S+/g)].map(([word, double, single]) =>
    (double ?? single ?? word).replace(/\\(["'])/g, '$1'),
  );
}
