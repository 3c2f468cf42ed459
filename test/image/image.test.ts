import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { context, copied, dockerfile, healthCommand, root, startCommand } from './parts.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const isFile = (path: string): boolean => existsSync(join(root, path)) && statSync(join(root, path)).isFile();
const inImage = (path: string): boolean => copied.some((part) => path === part || path.startsWith(`${part}/`));

test('everything that the Dockerfile copies is there, and .dockerignore lets it through', () => {
  expect(copied).toContain('service');
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(copied.filter((path) => !context.some((one) => one === path || one.startsWith(`${path}/`)))).toEqual([]);
});

test('the build context holds what is copied and hardly anything else', () => {
  expect(context.filter((path) => isFile(path) && !inImage(path))).toEqual([]);
  expect(context.filter((path) => /node_modules|\.env|\.git\/|cdk\.out/.test(path))).toEqual([]);
});

test('the commands are in exec form, so that signals reach Node and no shell is needed', () => {
  expect(startCommand).toEqual(['node', 'service/main.ts']);
  expect(healthCommand).toEqual(['node', 'service/healthcheck.ts']);
});

test('the image is not run as root, names its user by number, and pins a long-term Node', () => {
  const last = dockerfile.split(/^FROM /m).at(-1) ?? '';
  expect(last).toMatch(/^USER [1-9]\d*$/m);
  expect(dockerfile.match(/^FROM .*$/gm)).toEqual([
    'FROM node:24-bookworm-slim AS dependencies',
    'FROM node:24-bookworm-slim',
  ]);
});

/** Every file that a command leads to, and the packages it asks for on the way. */
function closure(entries: readonly string[]): { readonly files: readonly string[]; readonly packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    if (!isFile(path)) return;
    // types are left out before Node looks for modules, and with them imports of nothing but types
    for (const [, wanted = ''] of read(path).matchAll(
      /^(?:import|export)(?! type\b)[^;]*?from '([^']+)'|^import '([^']+)'/gm,
    )) {
      if (wanted.startsWith('.')) visit(posix.join(posix.dirname(path), wanted));
      else if (wanted && !wanted.startsWith('node:'))
        packages.add(wanted.split('/', wanted.startsWith('@') ? 2 : 1).join('/'));
    }
  };
  for (const entry of entries) visit(entry);
  return { files: [...files], packages: [...packages] };
}

test('everything that the commands import is in the image, under its full name', () => {
  const { files, packages } = closure([...startCommand, ...healthCommand].filter((word) => word.endsWith('.ts')));
  const { dependencies } = JSON.parse(read('service/package.json')) as { dependencies: Record<string, string> };

  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((path) => !isFile(path) || !inImage(path))).toEqual([]);
  expect(packages).toContain('fastify');
  expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
});

test('Node can leave the types out: no syntax that would need a compiler', () => {
  const { compilerOptions } = JSON.parse(read('tsconfig.json'));
  expect(compilerOptions).toMatchObject({ erasableSyntaxOnly: true, verbatimModuleSyntax: true });
});

test('nothing is written to files, so that the root may be read-only', () => {
  const writers = /\b(writeFile|appendFile|createWriteStream|mkdir|mkdtemp|copyFile|rename)(Sync)?\b/;
  const { files } = closure(['service/main.ts', 'service/healthcheck.ts']);

  expect(files.filter((path) => writers.test(read(path)))).toEqual([]);
});
