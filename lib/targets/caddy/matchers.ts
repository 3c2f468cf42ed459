import type { Directive } from '../directive.ts';

type Tree = readonly Directive[];

/** Whether a directive's matcher, if it has one, takes an event-stream request for this path. */
export function matches({ args: [matcher] }: Directive, levels: readonly Tree[], path: string): boolean {
  if (matcher?.startsWith('/')) return pathMatches(matcher, path);
  if (!matcher?.startsWith('@')) return true;
  const named = levels.flat().findLast((one) => one.name === matcher);
  if (named === undefined) return false;
  return conditionsOf(named).every((condition) => holds(condition, path));
}

/** The conditions of a named matcher, on its own line or in its block; several paths in a block are alternatives. */
function conditionsOf({ args, block, file, line }: Directive): Tree {
  const [name, ...rest] = args;
  const inline = name === undefined ? [] : [{ name, args: rest, file, line, ...(block && { block }) }];
  const all = name === undefined ? (block ?? []) : inline;
  const paths = all.filter((one) => one.name === 'path');
  const first = paths[0];
  return first === undefined
    ? all
    : [...all.filter((one) => one !== first && one.name !== 'path'), joined(first, paths)];
}

const joined = (first: Directive, all: Tree): Directive => ({ ...first, args: all.flatMap(({ args }) => args) });

/** What is said of anything but path and method counts as true: the request is an EventSource's, and more is not known. */
function holds(condition: Directive, path: string): boolean {
  const { name, args, block } = condition;
  switch (name) {
    case 'path':
      return args.some((pattern) => pathMatches(pattern, path));
    case 'path_regexp':
      return regexpMatches(args.at(-1) ?? '', path);
    case 'method':
      return args.includes('GET');
    case 'not':
      return (
        !isKnown(condition) || !conditionsOf({ ...condition, ...(block && { block }) }).every((one) => holds(one, path))
      );
    default:
      return true;
  }
}

/** A `not` around something that is not known is not known either. */
function isKnown({ args, block }: Directive): boolean {
  const names = args.length > 0 ? [args[0]] : (block ?? []).map(({ name }) => name);
  return names.every((name) => ['path', 'path_regexp', 'method'].includes(name ?? ''));
}

/** caddyserver.com/docs/caddyfile/matchers#path: whole paths, `*` for anything, upper and lower case alike. */
function pathMatches(pattern: string, path: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${source}$`, 'i').test(path);
}

/** Go's expressions are not JavaScript's: one that cannot be read counts as one that does not match. */
function regexpMatches(pattern: string, path: string): boolean {
  try {
    return new RegExp(pattern).test(path);
  } catch {
    return false;
  }
}
