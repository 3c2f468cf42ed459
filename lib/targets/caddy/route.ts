import { type Directive, isMeant } from '../directive.ts';
import type { Files } from '../target.ts';
import { matches } from './matchers.ts';
import { parse } from './syntax.ts';

type Tree = readonly Directive[];

/** What decides about one path: the global options, the site's directives, and those of the routes inside it. */
export interface Route {
  readonly global: Tree;
  /** Outermost first. */
  readonly levels: readonly Tree[];
}

/** Files for systemd stand beside a Caddyfile and are none. */
const isCaddyfile = (name: string): boolean => !/\.(conf|service|md)$/.test(name);

/** The site that proxies this path, and the way to its proxy: of routes that exclude each other, the one that is taken. */
export function routeOf(files: Files, path: string): Route {
  const trees = new Map(
    Object.entries(files)
      .filter(([name]) => isCaddyfile(name))
      .map(([name, text]) => [name, parse(text, name)]),
  );
  const snippets = [...trees.values()].flat().filter(isSnippet);
  const imported = new Set([...trees].flatMap(([file, tree]) => importedFrom(file, tree, trees)));
  const roots = [...trees].filter(([file]) => !imported.has(file));
  const root = roots.flatMap(([file, tree]) => expand(tree, { trees, snippets, inside: [file] }));
  const global = root.find((one) => one.name === '' && one.block)?.block ?? [];
  const ways = sitesIn(root, snippets).map((site) => [site, ...routesIn([site], path)]);
  return { global, levels: ways.find((levels) => proxyOn(levels, path) !== undefined) ?? ways[0] ?? [] };
}

/** The proxy that gets the request: routes inside go first. */
export function proxyOn(levels: readonly Tree[], path: string): Directive | undefined {
  return levels
    .map((level, depth) =>
      level.find((one) => one.name === 'reverse_proxy' && matches(one, levels.slice(0, depth + 1), path)),
    )
    .findLast((found) => found !== undefined);
}

const isSnippet = ({ name, block }: Directive): boolean => /^\(.+\)$/.test(name) && block !== undefined;

/** Site blocks; a file without any is one site, or the body of one. A snippet that nobody imports is looked at last. */
function sitesIn(root: Tree, snippets: Tree): readonly Tree[] {
  const loose = root.filter((one) => one.block === undefined || ways.has(one.name) || one.name.startsWith('@'));
  if (loose.length > 0) return [root];
  const sites = root.filter((one) => one.name !== '' && !isSnippet(one));
  return [...sites, ...(sites.length > 0 ? [] : snippets)].flatMap(({ block }) => (block ? [block] : []));
}

/** Directives with a block of directives inside, and therefore no addresses of a site. */
const ways = new Set(['handle', 'handle_path', 'route', 'handle_errors', 'reverse_proxy', 'encode', 'log', 'header']);

/** Follows handle, handle_path and route: of several, the one with the longest path of its own, else the first. */
function routesIn(levels: readonly Tree[], path: string): readonly Tree[] {
  const length = ({ args: [matcher = ''] }: Directive): number => (matcher.startsWith('/') ? matcher.length : 0);
  const chosen = (levels.at(-1) ?? [])
    .filter((one) => ['handle', 'handle_path', 'route'].includes(one.name) && matches(one, levels, path))
    .sort((a, b) => length(b) - length(a) || Number(a.args.length === 0) - Number(b.args.length === 0))
    .find((one) => one.block !== undefined);
  if (chosen?.block === undefined) return [];
  return [chosen.block, ...routesIn([...levels, chosen.block], path)];
}

interface Sources {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly snippets: Tree;
  /** Files and snippets that are being imported already: an import must not lead back into its own file. */
  readonly inside: readonly string[];
}

/** The tree with everything that is imported in its place, arguments filled in. Snippets that stay are left out. */
function expand(tree: Tree, { trees, snippets, inside }: Sources): Tree {
  return tree.flatMap((one) => {
    if (isSnippet(one)) return [];
    if (one.name !== 'import')
      return one.block ? [{ ...one, block: expand(one.block, { trees, snippets, inside }) }] : [one];
    const [wanted = '', ...args] = one.args;
    const snippet = snippets.find(({ name }) => name === `(${wanted})`);
    if (snippet?.block && !inside.includes(snippet.name))
      return expand(filled(snippet.block, args), { trees, snippets, inside: [...inside, snippet.name] });
    return [...trees]
      .filter(([file]) => !inside.includes(file) && isMeant(file, wanted))
      .flatMap(([file, part]) => expand(filled(part, args), { trees, snippets, inside: [...inside, file] }));
  });
}

function importedFrom(file: string, tree: Tree, trees: ReadonlyMap<string, Tree>): readonly string[] {
  return tree.flatMap((one) => [
    ...(one.name === 'import'
      ? [...trees.keys()].filter((other) => other !== file && isMeant(other, one.args[0] ?? ''))
      : []),
    ...importedFrom(file, one.block ?? [], trees),
  ]);
}

/** `{args[0]}`, and `{args.0}` before Caddy 2.7. */
function filled(tree: Tree, values: readonly string[]): Tree {
  if (values.length === 0) return tree;
  const fill = (text: string): string =>
    text.replace(/\{args[.[](\d+)\]?\}/g, (placeholder, index) => values[Number(index)] ?? placeholder);
  return tree.map((one) => ({
    ...one,
    name: fill(one.name),
    args: one.args.map(fill),
    ...(one.block && { block: filled(one.block, values) }),
  }));
}
