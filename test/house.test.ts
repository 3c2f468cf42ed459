import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from '@swc/core';

const root = join(__dirname, '..');

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Names of the packages that a package.json asks for. */
const dependenciesOf = (path: string): readonly string[] => Object.keys(JSON.parse(read(path)).dependencies);

const devDependenciesOf = (path: string): readonly string[] => Object.keys(JSON.parse(read(path)).devDependencies);

/** What the code of one folder may lean on. */
interface Wall {
  /** Folders, with all that is below them. */
  readonly folders: readonly string[];
  /** Packages by their name in package.json; `node:` is what Node brings along. */
  readonly packages: readonly string[];
}

const lib = [
  'lib/policy',
  'lib/targets',
  'lib/config',
  'lib/compose',
  'lib/observability',
  'lib/aws',
  'lib/doctor',
  'lib/docs',
  'lib/cli',
];

/** The plan of the house. A folder may always import itself, and nobody imports a folder that is on no list. */
const walls: Readonly<Record<string, Wall>> = {
  'lib/policy': { folders: [], packages: [] },
  'lib/targets': { folders: ['lib/policy'], packages: ['yaml'] },
  'lib/config': { folders: ['lib/policy', 'lib/targets'], packages: ['zod', 'node:'] },
  'lib/compose': { folders: ['lib/policy', 'lib/targets'], packages: [] },
  'lib/observability': { folders: ['lib/policy'], packages: [] },
  // sums over numbers: no constructs
  'lib/aws/cost': { folders: ['lib/policy', 'lib/targets', 'lib/config', 'lib/aws'], packages: [] },
  'lib/aws': { folders: ['lib/policy', 'lib/targets', 'lib/config'], packages: ['aws-cdk-lib', 'constructs', 'node:'] },
  'lib/doctor': { folders: ['lib/policy', 'lib/targets'], packages: ['node:'] },
  'lib/docs': {
    folders: ['lib/policy', 'lib/targets', 'lib/config', 'lib/compose', 'lib/observability', 'lib/aws/cost'],
    packages: [],
  },
  'lib/cli': { folders: lib, packages: ['commander', 'node:'] },
  k8s: {
    folders: ['lib/policy', 'lib/targets', 'lib/config', 'lib/observability'],
    packages: ['cdk8s', 'cdk8s-plus-28', 'constructs', 'node:'],
  },
  // files to copy; one of them is code, for somebody else's machine
  proxies: { folders: [], packages: [] },
  service: { folders: ['lib/policy'], packages: [...dependenciesOf('service/package.json'), 'node:'] },
  client: { folders: ['lib/policy'], packages: [] },
  bench: {
    folders: ['lib/policy'],
    packages: [...devDependenciesOf('package.json'), ...dependenciesOf('service/package.json'), 'node:'],
  },
  bin: { folders: lib, packages: [...dependenciesOf('package.json'), 'node:'] },
};

const notOurs = /(^|\/)(node_modules|cdk\.out|dist|coverage|\.[^/]+)(\/|$)/;

/** Every code file outside of test, which may import everything. */
const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'test' && !notOurs.test(entry.name))
  .flatMap(({ name }) =>
    readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((path) => `${name}/${path}`),
  )
  .filter((path) => /\.(ts|tsx|mts|mjs|js|cjs)$/.test(path) && !notOurs.test(path));

/** Everything in a syntax tree that has a type. */
function* nodes(tree: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof tree !== 'object' || tree === null) return;
  if ('type' in tree) yield tree as Readonly<Record<string, unknown>>;
  for (const child of Object.values(tree)) yield* nodes(child);
}

const parsed = (code: string): unknown => parseSync(code, { syntax: 'typescript', target: 'es2022' });

const textOf = (literal: unknown): readonly string[] => {
  const { type, value } = (literal ?? {}) as { type?: string; value?: string };
  return type === 'StringLiteral' && value !== undefined ? [value] : [];
};

/** What a file imports: by declaration, re-export, `import()`, `require()` or as a type. */
function importsOf(code: string): readonly string[] {
  return [...nodes(parsed(code))].flatMap((node) => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        return textOf(node.source);
      case 'TsImportType':
        return textOf(node.argument);
      case 'TsExternalModuleReference':
        return textOf(node.expression);
      case 'CallExpression': {
        const { type, value } = node.callee as { type: string; value?: string };
        const [first] = node.arguments as readonly { expression: unknown }[];
        return type === 'Import' || value === 'require' ? textOf(first?.expression) : [];
      }
      default:
        return [];
    }
  });
}

const folderOf = (path: string): string | undefined =>
  Object.keys(walls).find((folder) => path.startsWith(`${folder}/`));

function mayImport(path: string, wanted: string): boolean {
  const folder = folderOf(path);
  const wall = walls[folder ?? ''];
  if (folder === undefined || wall === undefined) return false;
  if (wanted.startsWith('.')) {
    const target = posix.join(posix.dirname(path), wanted);
    return [folder, ...wall.folders].some((allowed) => target.startsWith(`${allowed}/`));
  }
  const name = wanted.startsWith('node:') ? 'node:' : wanted.split('/', wanted.startsWith('@') ? 2 : 1).join('/');
  return wall.packages.includes(name);
}

test('every import stays inside the walls', () => {
  const strays = files.flatMap((path) =>
    importsOf(read(path))
      .filter((wanted) => !mayImport(path, wanted))
      .map((wanted) => `${path} imports ${wanted}`),
  );

  expect(strays).toEqual([]);
});

test('every code file stands in a folder of the plan', () => {
  expect(files.filter((path) => folderOf(path) === undefined)).toEqual([]);
});

test('the ground floor runs anywhere: no word that only Node knows', () => {
  const words = ['process', 'Buffer', 'require', 'module', '__dirname', '__filename', 'setImmediate'];
  const found = files
    .filter((path) => path.startsWith('lib/policy/'))
    .flatMap((path) =>
      [...nodes(parsed(read(path)))]
        .filter(({ type, value }) => type === 'Identifier' && words.includes(String(value)))
        .map(({ value }) => `${path}: ${value}`),
    );

  expect(found).toEqual([]);
});

test('imports are found in whatever way they are written', () => {
  const code = `
    import a from 'a'; import type { B } from 'b'; export { c } from 'c'; export * from 'd'; import 'e';
    const f = await import('f'); const g = require('g'); type H = import('h').H; import i = require('i');
    const j = 'not imported'; export const k = call('neither');`;

  expect([...importsOf(code)].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
});

test.each([
  ['lib/policy/rule.ts', './hop.ts', true],
  ['lib/policy/rule.ts', '../targets/alb.ts', false],
  ['lib/policy/rule.ts', 'node:fs', false],
  ['lib/targets/nginx/read.ts', '../../policy/index.ts', true],
  ['lib/targets/alb.ts', 'aws-cdk-lib', false],
  ['lib/targets/yaml.ts', 'yaml', true],
  ['lib/targets/alb.ts', '../config/load.ts', false],
  ['lib/aws/alb.ts', 'aws-cdk-lib/aws-ecs', true],
  ['lib/aws/alb.ts', '../../k8s/main.ts', false],
  ['service/app.ts', '@fastify/cors', true],
  ['service/app.ts', '../lib/targets/index.ts', false],
  ['service/app.ts', 'aws-cdk-lib', false],
  ['k8s/main.ts', '../lib/aws/cache.ts', false],
  ['bin/app.ts', '../lib/aws/cache.ts', true],
  ['bin/app.ts', '../service/main.ts', false],
  ['bin/app.ts', '../test/house.test.ts', false],
  ['lib/cli/main.ts', '../../bin/app.ts', false],
])('the plan lets %s import %s: %s', (path, wanted, allowed) => {
  expect(mayImport(path, wanted)).toBe(allowed);
});
