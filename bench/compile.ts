import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isInstalled, root, temporaryFolder } from './program.ts';

const compiler = process.env.CC ?? 'cc';

export const hasCompiler = isInstalled(compiler);

const made = new Map<string, string>();

/** Compiles C sources of the bench, once a run, and returns the program's path. */
export function compile(name: string, sources: readonly string[]): string {
  const known = made.get(name);
  if (known !== undefined) return known;
  const program = join(temporaryFolder(), name);
  const files = sources.map((source) => join(root, 'bench', source));
  const { status, stderr } = spawnSync(compiler, ['-O2', '-o', program, ...files], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${compiler} cannot compile ${sources.join(', ')}:\n${stderr}`);
  made.set(name, program);
  return program;
}
