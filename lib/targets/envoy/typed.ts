import type { YamlLine } from '../yaml.ts';

/** The line by which Envoy knows what a configuration is of. */
export const typeLine = (type: string): YamlLine => ({ directive: `"@type": type.googleapis.com/${type}` });

/** An extension: its name, and its configuration. */
export const extension = (name: string, type: string, ...config: readonly YamlLine[]): readonly YamlLine[] => [
  { directive: `name: ${name}` },
  { directive: 'typed_config:', block: [typeLine(type), ...config] },
];

/** A header set whatever was there, in flow style. */
export const setHeader = (key: string, value: string): string =>
  `{ header: { key: ${key}, value: ${JSON.stringify(value)} }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }`;
