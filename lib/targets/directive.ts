import type { Fact } from '../policy/index.ts';

/** A directive as it stands in a file; `block` holds what belongs to it. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block?: readonly Directive[];
  readonly file: string;
  readonly line: number;
}

/** A fact from a directive, or from the vendor's default as it would be written. */
export function fact<T>(
  directive: Directive | undefined,
  otherwise: string,
  value: (args: readonly string[]) => T,
): Fact<T> {
  if (directive === undefined) {
    const [, ...args] = otherwise.split(' ');
    return { value: value(args), setting: `${otherwise} (default)` };
  }
  const { name, args, file, line } = directive;
  return { value: value(args), setting: [name, ...args].join(' '), at: `${file}:${line}` };
}

/**
 * Whether an include means this file, `*` and `?` allowed. Files are given by name, wherever they come from: the last
 * part of the path decides.
 */
export function isMeant(file: string, mask: string): boolean {
  const [name = '', wanted = ''] = [file, mask].map((path) => path.split('/').at(-1));
  const pattern = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(name);
}
