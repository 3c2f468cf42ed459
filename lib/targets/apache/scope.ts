import { type Directive, isMeant } from '../directive.ts';
import type { Files } from '../target.ts';
import { parse } from './syntax.ts';

type Tree = readonly Directive[];

/** What decides about one path: levels that hold directives, outermost first, and the balancer behind it. */
export interface Scope {
  /** Server, virtual host, and the sections that match the path. */
  readonly levels: readonly Tree[];
  readonly proxyPass: Directive | undefined;
  readonly balancer: Tree;
}

/** Files that are no configuration: what is sent, chosen from or read by people. */
const isConfiguration = (name: string): boolean => !/\.(asis|txt|md)$/.test(name);

/** The virtual host that proxies this path, as Apache finds it. Includes are followed among the given files. */
export function scopeOf(files: Files, path: string): Scope {
  const trees = new Map(
    Object.entries(files)
      .filter(([name]) => isConfiguration(name))
      .map(([name, text]) => [name, parse(text, name)]),
  );
  const included = new Set([...trees].flatMap(([file, tree]) => includedFrom(file, tree, trees)));
  const roots = [...trees].filter(([file]) => !included.has(file));
  const server = roots.flatMap(([file, tree]) => expand(tree, trees, [file]));
  const hosts = server.filter(({ name }) => is(name, '<VirtualHost')).map(({ block = [] }) => block);
  const scopes = (hosts.length > 0 ? hosts : [[]]).map((host) => scopeIn(server, host, path));
  return scopes.find(({ proxyPass }) => proxyPass !== undefined) ?? (scopes[0] as Scope);
}

/** Directive names are the same in upper and lower case. */
export const is = (name: string, wanted: string): boolean => name.toLowerCase() === wanted.toLowerCase();

function scopeIn(server: Tree, host: Tree, path: string): Scope {
  const levels = [server, host, ...sections(server, path), ...sections(host, path)];
  const proxyPass = proxyPassOf(levels, path);
  const url = /balancer:\/\/[^/]+/i.exec(proxyPass?.args.join(' ') ?? '')?.[0];
  const balancers = [...server, ...host].filter(
    ({ name, args: [address] }) => is(name, '<Proxy') && url !== undefined && address !== undefined && is(address, url),
  );
  return { levels, proxyPass, balancer: balancers.flatMap(({ block = [] }) => block) };
}

/**
 * httpd.apache.org/docs/2.4/sections.html: Location sections that match count in file order, and <If> inside comes last. A
 * condition is not known here: one that speaks of event streams is an EventSource's, and its <Else> is for others.
 */
function sections(level: Tree, path: string): readonly Tree[] {
  const matching = level.filter((one) => matches(one, path)).map(({ block = [] }) => block);
  const conditions = [level, ...matching]
    .flat()
    .filter(({ name, args }) => is(name, '<If') && args.join(' ').includes('event-stream'));
  return [...matching, ...conditions.map(({ block = [] }) => block)];
}

function matches({ name, args }: Directive, path: string): boolean {
  const pattern = args.at(-1) ?? '';
  if (is(name, '<LocationMatch') || (is(name, '<Location') && args[0] === '~')) return regexpMatches(pattern, path);
  return is(name, '<Location') && under(pattern, path);
}

/** A path matches itself and what is below it. */
const under = (prefix: string, path: string): boolean =>
  path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);

/** In a Location it has no path of its own. Outside, the first that matches counts, and "!" is none. */
function proxyPassOf(levels: readonly Tree[], path: string): Directive | undefined {
  const [server = [], host = [], ...inside] = levels;
  const named = (level: Tree): Tree => level.filter(({ name }) => is(name, 'ProxyPass') || is(name, 'ProxyPassMatch'));
  const own = inside.flatMap(named).at(-1);
  const outside = [...named(host), ...named(server)].find(({ name, args: [prefix = ''] }) =>
    is(name, 'ProxyPass') ? path.startsWith(prefix) : regexpMatches(prefix, path),
  );
  const found = own ?? outside;
  return found?.args.includes('!') ? undefined : found;
}

/** PCRE knows more than JavaScript: an expression that only Apache can read counts as one that does not match. */
function regexpMatches(pattern: string, path: string): boolean {
  try {
    return new RegExp(pattern).test(path);
  } catch {
    return false;
  }
}

/** Sections about modules are taken as met, unless they ask for the absence of one. */
const isMet = ({ name, args: [condition = ''] }: Directive): boolean =>
  (is(name, '<IfModule') || is(name, '<IfVersion') || is(name, '<IfFile')) && !condition.startsWith('!');

function expand(tree: Tree, trees: ReadonlyMap<string, Tree>, inside: readonly string[]): Tree {
  return tree.flatMap((one) => {
    if (isInclude(one))
      return [...trees]
        .filter(([file]) => !inside.includes(file) && isMeant(file, one.args[0] ?? ''))
        .flatMap(([file, part]) => expand(part, trees, [...inside, file]));
    if (one.block === undefined) return [one];
    const block = expand(one.block, trees, inside);
    if (isMet(one)) return block;
    return /^<(ifmodule|ifdefine|ifversion|iffile)$/i.test(one.name) ? [] : [{ ...one, block }];
  });
}

const isInclude = ({ name }: Directive): boolean => is(name, 'Include') || is(name, 'IncludeOptional');

function includedFrom(file: string, tree: Tree, trees: ReadonlyMap<string, Tree>): readonly string[] {
  return tree.flatMap((one) => [
    ...(isInclude(one) ? [...trees.keys()].filter((other) => other !== file && isMeant(other, one.args[0] ?? '')) : []),
    ...includedFrom(file, one.block ?? [], trees),
  ]);
}
