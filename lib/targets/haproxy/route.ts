import type { Directive, Section } from './syntax.ts';

/** The way of a request: what its frontend and its backend say, with what they have from their defaults. */
export interface Route {
  readonly frontend: readonly Directive[];
  readonly backend: readonly Directive[];
}

/** Where an EventSource's request for a path goes. Parts without a frontend are read for their first backend. */
export function routeFor(sections: readonly Section[], path: string): Route {
  const ways = sections
    .filter(({ kind }) => kind === 'frontend' || kind === 'listen')
    .map((front) => ({ front, back: backendOf(front, sections, path) }));
  const way = ways.find(({ back }) => back !== undefined) ?? ways[0];
  const back = way?.back ?? sections.find(isServing);
  return {
    frontend: way ? inherited(way.front, sections) : [],
    backend: back ? inherited(back, sections) : [],
  };
}

const isServing = ({ kind, directives }: Section): boolean =>
  (kind === 'backend' || kind === 'listen') && directives.some(({ words }) => words[0] === 'server');

/** A listen section may send requests elsewhere, and serves the rest itself. */
function backendOf(front: Section, sections: readonly Section[], path: string): Section | undefined {
  const directives = inherited(front, sections);
  const verdicts = directives
    .filter(({ words }) => words[0] === 'use_backend')
    .map(({ words }) => ({ name: words[1], verdict: judge(words, directives, path) }));
  const fallback = directives.findLast(({ words }) => words[0] === 'default_backend')?.words[1];
  // what is certain comes first; a condition that cannot be known from here (a host, a network) may hold
  const name =
    verdicts.find(({ verdict }) => verdict === true)?.name ??
    fallback ??
    (isServing(front) ? undefined : verdicts.find(({ verdict }) => verdict === undefined)?.name);
  const named = sections.find((one) => one.name === name && (one.kind === 'backend' || one.kind === 'listen'));
  return named ?? (isServing(front) ? front : undefined);
}

/** A section's own lines behind those of its defaults: the named ones, else the last before it. */
function inherited(section: Section, sections: readonly Section[]): readonly Directive[] {
  const before = sections.slice(0, sections.indexOf(section));
  const defaults =
    section.from === undefined
      ? before.findLast(({ kind }) => kind === 'defaults')
      : sections.find(({ kind, name }) => kind === 'defaults' && name === section.from);
  return defaults ? [...inheritedByName(defaults, sections), ...section.directives] : section.directives;
}

/** Defaults may build on other defaults, but only by name. */
const inheritedByName = (defaults: Section, sections: readonly Section[]): readonly Directive[] =>
  defaults.from === undefined || defaults.from === defaults.name ? defaults.directives : inherited(defaults, sections);

/** Whether the condition of a line holds; undefined is "cannot be known from here". */
function judge(words: readonly string[], directives: readonly Directive[], path: string): boolean | undefined {
  const at = words.findIndex((word) => word === 'if' || word === 'unless');
  if (at < 0) return true;
  const alternatives = termsOf(words.slice(at + 1)).map((terms) =>
    and(terms.map(({ negated, test }) => not(negated, judgeTest(test, directives, path)))),
  );
  const holds = alternatives.includes(true) ? true : alternatives.includes(undefined) ? undefined : false;
  return not(words[at] === 'unless', holds);
}

const not = (negated: boolean, verdict: boolean | undefined): boolean | undefined =>
  negated && verdict !== undefined ? !verdict : verdict;

/** Something about the path decides; what cannot be known besides (a host, say) does not stand in its way. */
function and(verdicts: readonly (boolean | undefined)[]): boolean | undefined {
  if (verdicts.includes(false)) return false;
  return verdicts.includes(true) ? true : undefined;
}

interface Term {
  readonly negated: boolean;
  /** The name of an ACL, or the words of an anonymous one. */
  readonly test: readonly string[];
}

/** Terms side by side must all hold; "or" and "||" begin an alternative. */
function termsOf(words: readonly string[]): readonly (readonly Term[])[] {
  const alternatives: Term[][] = [[]];
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    let word = words[at] ?? '';
    if (word === 'or' || word === '||') {
      alternatives.push([]);
      continue;
    }
    if (word.startsWith('!')) {
      negated = true;
      word = word.slice(1);
      if (word === '') continue;
    }
    const end = word === '{' ? words.indexOf('}', at) : at;
    const test = word === '{' ? words.slice(at + 1, end) : [word];
    alternatives.at(-1)?.push({ negated, test });
    negated = false;
    at = end < 0 ? words.length : end;
  }
  return alternatives;
}

function judgeTest(test: readonly string[], directives: readonly Directive[], path: string): boolean | undefined {
  const definitions = directives.filter(({ words }) => words[0] === 'acl' && words[1] === test[0]);
  if (test.length > 1 || definitions.length === 0) return matches(test, path);
  // several lines of one name are alternatives
  const verdicts = definitions.map(({ words }) => matches(words.slice(2), path));
  return verdicts.includes(true) ? true : verdicts.includes(undefined) ? undefined : false;
}

const byCriterion: Readonly<Record<string, (path: string, pattern: string) => boolean>> = {
  path: (path, pattern) => path === pattern,
  path_beg: (path, pattern) => path.startsWith(pattern),
  path_end: (path, pattern) => path.endsWith(pattern),
  path_sub: (path, pattern) => path.includes(pattern),
  path_dir: (path, pattern) => `${path}/`.includes(`/${pattern.replace(/^\/|\/$/g, '')}/`),
  path_reg: (path, pattern) => new RegExp(pattern).test(path),
};

const methods: Readonly<Record<string, string>> = {
  beg: 'path_beg',
  end: 'path_end',
  sub: 'path_sub',
  dir: 'path_dir',
  reg: 'path_reg',
  str: 'path',
};

/** What an EventSource sends as Accept. */
const accept = /^(req\.|req\.f)?f?hdr(_\w+)?\(accept[,)]/i;

function matches([criterion = '', ...args]: readonly string[], path: string): boolean | undefined {
  const method = args.indexOf('-m') >= 0 ? args[args.indexOf('-m') + 1] : undefined;
  const patterns = args.filter(
    (arg, index) => !arg.startsWith('-') && args[index - 1] !== '-m' && args[index - 1] !== '-f',
  );
  if (accept.test(criterion)) return method === 'found' || patterns.some((one) => 'text/event-stream'.includes(one));
  const test = byCriterion[criterion === 'path' && method !== undefined ? (methods[method] ?? '') : criterion];
  if (test === undefined) return undefined;
  try {
    return patterns.some((pattern) => test(path, pattern));
  } catch {
    // an expression that only PCRE can read
    return undefined;
  }
}
