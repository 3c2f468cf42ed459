import type { StreamPolicy } from '../../policy/index.ts';
import { comment } from '../proxies.ts';

/*
 * HAProxy's own configuration parser is part of the program, and its makers' other one (haproxytech/client-native) is
 * Go. On npm there are only renderers and clients of the runtime API. The format is lines of words; what is needed of
 * it fits below.
 */

/** One line of a section: a keyword and what follows it. */
export interface Directive {
  readonly words: readonly string[];
  readonly file: string;
  readonly line: number;
}

/** A part of the configuration: `global`, `defaults`, `frontend web`, `backend app from common`. */
export interface Section {
  readonly kind: string;
  readonly name: string;
  /** The named defaults that it asks for. */
  readonly from?: string;
  readonly directives: readonly Directive[];
}

/** A line to print, with the reason that stands above it. Without a directive it is a remark of its own. */
export interface Line {
  readonly directive?: string;
  readonly why?: string;
  readonly from?: readonly (keyof StreamPolicy)[];
}

/** A section to print, with its purpose above it. */
export interface Part {
  readonly title: string;
  readonly why?: string;
  readonly lines: readonly Line[];
}

/** Sections as HAProxy configuration: reasons as comments above, blank lines around what has one. */
export const print = (parts: readonly Part[]): string => parts.map(part).join('\n');

function part({ title, why, lines }: Part): string {
  const body = lines.map(({ directive, why: reason, from }, index) => {
    const gap = index > 0 && reason !== undefined ? '\n' : '';
    const above = reason === undefined ? '' : comment(reason, from, '    ');
    return gap + above + (directive === undefined ? '' : `    ${directive}\n`);
  });
  return `${why === undefined ? '' : comment(why)}${title}\n${body.join('')}`;
}

/** Any text as one word: what HAProxy would read as a quote, a remark or the end of the word is escaped. */
export const word = (text: string): string => text.replace(/["'#\\ ]/g, '\\$&');

/** Words that begin a section; everything up to the next one belongs to it (configuration manual, "2.1"). */
const sectionKinds = [
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'cache',
  'resolvers',
  'peers',
  'mailers',
  'userlist',
  'program',
  'http-errors',
  'ring',
  'log-forward',
  'fcgi-app',
  'crt-store',
  'traces',
];

/**
 * Any HAProxy configuration as its sections, in file order. Both branches of `.if` count.
 *
 * @throws Error naming file and line where a quote stays open or a line belongs to no section.
 */
export function parse(text: string, file: string): readonly Section[] {
  const sections: (Section & { readonly directives: Directive[] })[] = [];
  for (const { words, line } of lines(text, file)) {
    const [keyword = '', ...rest] = words;
    if (keyword.startsWith('.')) continue;
    if (sectionKinds.includes(keyword)) {
      const at = rest.indexOf('from');
      const [name = ''] = at === 0 ? [] : rest;
      const from = at >= 0 ? rest[at + 1] : undefined;
      sections.push({ kind: keyword, name, ...(from !== undefined && { from }), directives: [] });
      continue;
    }
    const section = sections.at(-1);
    if (section === undefined) throw new Error(`${file}:${line}: "${keyword}" stands in no section`);
    section.directives.push({ words, file, line });
  }
  return sections;
}

interface Words {
  readonly words: readonly string[];
  readonly line: number;
}

/** A backslash at the end of a line joins it with the next. */
function lines(text: string, file: string): readonly Words[] {
  const found: Words[] = [];
  let joined = '';
  let first = 1;
  for (const [index, physical] of text.split(/\r?\n/).entries()) {
    if (joined === '') first = index + 1;
    const continues = /(^|[^\\])(\\\\)*\\$/.test(physical);
    joined += continues ? `${physical.slice(0, -1)} ` : physical;
    if (continues) continue;
    const words = split(joined, `${file}:${first}`);
    if (words.length > 0) found.push({ words, line: first });
    joined = '';
  }
  return found;
}

/** A piece of a word, blanks, or a comment: single quotes are literal, double quotes know escapes. */
const piece = /'([^']*)'|"((?:\\.|[^"\\])*)"|(#.*)|(\s+)|\\x([0-9a-fA-F]{2})|\\(.)|([^\s'"#\\]+)/gsy;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

const unescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex?: string, char?: string) =>
    hex === undefined ? (escapes[char ?? ''] ?? char ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );

function split(text: string, at: string): readonly string[] {
  const words: string[] = [];
  let current: string | undefined;
  let end = 0;
  for (const match of text.matchAll(piece)) {
    end = match.index + match[0].length;
    const [, literal, quoted, remark, blank] = match;
    if (remark !== undefined) break;
    if (blank !== undefined) {
      if (current !== undefined) words.push(current);
      current = undefined;
    } else current = (current ?? '') + (literal ?? unescaped(quoted ?? match[0]));
    if (end === text.length) break;
  }
  const rest = text.slice(end);
  if (/^["']/.test(rest)) throw new Error(`${at}: a quote is never closed`);
  return current === undefined ? words : [...words, current];
}
