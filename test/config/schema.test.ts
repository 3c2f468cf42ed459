import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../lib/config/load.ts';
import { configSchema, sections } from '../../lib/config/schema.ts';
import { proxies } from '../../lib/config/sections/proxies.ts';
import { defaults, fieldNames, fields } from '../../lib/policy/index.ts';
import { targets } from '../../lib/targets/index.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
}

const schema: Node = configSchema();
const root = join(__dirname, '../..');

/** Paths of all objects in the schema. */
const objects = (node: Node, path = ''): readonly (readonly [string, Node])[] =>
  node.properties === undefined
    ? []
    : [[path, node], ...Object.entries(node.properties).flatMap(([key, inner]) => objects(inner, `${path}.${key}`))];

/** Keys of a value that the schema does not know. */
const strangers = (value: unknown, node: Node | undefined, path = ''): readonly string[] => {
  if (node === undefined) return [path];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  if (node.properties === undefined) return [];
  return Object.entries(value).flatMap(([key, inner]) => strangers(inner, node.properties?.[key], `${path}.${key}`));
};

test('the schema has the sections of the contract', () => {
  expect(Object.keys(schema.properties ?? {})).toEqual([
    '$schema',
    'policy',
    'service',
    'aws',
    'kubernetes',
    'proxies',
  ]);
});

test('editors are told about unknown keys at every level', () => {
  expect(objects(schema).filter(([, node]) => node.additionalProperties !== false)).toEqual([]);
});

test('everything in the schema has a description', () => {
  const bare = objects(schema).flatMap(([path, { properties = {} }]) =>
    Object.entries(properties).flatMap(([key, node]) => (node.description === undefined ? [`${path}.${key}`] : [])),
  );

  expect(bare).toEqual([]);
});

test('every policy field is there with its default and its range', () => {
  const policy = schema.properties?.policy?.properties ?? {};

  expect(Object.fromEntries(Object.entries(policy).map(([name, node]) => [name, node.default]))).toEqual(defaults);
  for (const name of fieldNames) {
    const field = fields[name];
    if (field.kind === 'stickiness') continue;
    const { minimum, maximum, kind } = field;
    expect(policy[name]).toMatchObject({ minimum, maximum, type: kind === 'integer' ? 'integer' : 'number' });
  }
});

test('the defaults that the schema shows are those that count', () => {
  const { service, aws, kubernetes } = schema.properties ?? {};
  const shown = [service, aws, kubernetes].map((node) =>
    Object.fromEntries(
      Object.entries(node?.properties ?? {}).flatMap(([key, { default: value, properties }]) =>
        value === undefined || properties !== undefined ? [] : [[key, value]],
      ),
    ),
  );
  const counted = sections.parse({});

  expect([counted.service, counted.aws, counted.kubernetes]).toMatchObject(shown);
});

test('the checked-in file holds, and has no key that the schema does not know', () => {
  const file = JSON.parse(readFileSync(join(root, 'sse-kit.config.json'), 'utf8'));

  expect(strangers(file, schema)).toEqual([]);
  expect(file.$schema).toBe('./sse-kit.schema.json');
  expect(loadConfig({ env: {}, cwd: root }).policy).toEqual(defaults);
});

test('every proxy that can be used is a target', () => {
  expect(proxies.filter((proxy) => !targets.some(({ id }) => id === proxy))).toEqual([]);
});
