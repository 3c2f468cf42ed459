import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { IgnoreStrategy } from 'aws-cdk-lib';

export const root = join(__dirname, '../..');

export const dockerfile = readFileSync(join(root, 'service/Dockerfile'), 'utf8');

/** What the Dockerfile takes from its build context. */
export const copied: readonly string[] = (dockerfile.match(/^COPY (?!--from).*$/gm) ?? []).flatMap((line) =>
  line
    .split(/\s+/)
    .filter((word) => !word.startsWith('--'))
    .slice(1, -1),
);

/** What an instruction in exec form runs; the last one counts. */
export function commandOf(instruction: RegExp): readonly string[] {
  const found = [...dockerfile.matchAll(new RegExp(`${instruction.source}(\\[[^\\]]*\\])`, 'g'))].at(-1)?.[1];
  return JSON.parse(found ?? '[]');
}

export const startCommand = commandOf(/\nCMD /);
export const healthCommand = commandOf(/HEALTHCHECK[^[]*CMD /);

const ignore = IgnoreStrategy.docker(root, readFileSync(join(root, '.dockerignore'), 'utf8').split('\n'));

/** The files of the build context, by .dockerignore. */
export const context: readonly string[] = readdirSync(root)
  .filter((path) => !['node_modules', '.git'].includes(path))
  .flatMap((top) => [top, ...below(top)])
  .filter((path) => !ignore.ignores(join(root, path)));

function below(path: string): readonly string[] {
  if (!statSync(join(root, path)).isDirectory()) return [];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((one) => `${path}/${one}`);
}
