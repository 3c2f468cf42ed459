import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { composeFiles } from '../compose/compose.ts';
import type { KitConfig } from '../config/load.ts';
import { targetsInUse } from '../config/targets-in-use.ts';
import { costPage } from '../docs/cost-page.ts';
import { observabilityFiles } from '../observability/files.ts';
import { type AnyTarget, type Files, targets } from '../targets/index.ts';
import { type AddCommand, type Outcome, status, UsageError } from './command.ts';

interface RenderedFile {
  /** Target and name, as in `nginx/example.conf`. */
  readonly path: string;
  readonly text: string;
}

/** Whatever can be rendered, from the whole configuration. */
interface Renderable {
  readonly id: string;
  readonly files: (config: KitConfig) => Files;
}

const ofPolicy = ({ id, files }: Pick<AnyTarget, 'id' | 'files'>): Renderable => ({
  id,
  files: ({ policy }) => files(policy),
});

/** What a stream does not pass through, and what follows the policy all the same. */
const others: readonly Renderable[] = [
  ofPolicy({ id: 'compose', files: composeFiles }),
  ofPolicy({ id: 'observability', files: observabilityFiles }),
  { id: 'cost', files: (config) => ({ 'cost-aws.md': costPage(config) }) },
];

/** The word for every target that the configuration is meant for. */
const everything = 'all';

export const addRender: AddCommand = (program, act) => {
  program
    .command('render')
    .description("a target's configuration, each line with its reason")
    .argument('<target>', `${idsOf(targets)}, or ${everything} that are in use; ${idsOf(others)}`)
    .option('--out <dir>', 'write <dir>/<target>/<file> and print the paths, instead of the files')
    .action((target: string, { out }: { out?: string }) =>
      act(({ config, io }) => {
        const choose = chosen(target);
        const loaded = config();
        const files = choose(loaded).flatMap((one) => rendered(one, loaded));
        return out === undefined ? printed(files) : written(files, out, io.cwd);
      }),
    );
};

/** The target is looked at before the configuration: a misspelt command is wrong whatever the policy says. */
function chosen(id: string): (config: KitConfig) => readonly Renderable[] {
  if (id === everything) return (config) => targetsInUse(config).map(ofPolicy);
  const target = [...targets.map(ofPolicy), ...others].find((one) => one.id === id);
  if (target) return () => [target];
  throw new UsageError(
    `unknown target "${id}"; the targets are ${idsOf(targets)}, and ${everything} for those in use; besides them, ${idsOf(others)}`,
  );
}

const idsOf = (all: readonly Pick<Renderable, 'id'>[]): string => all.map(({ id }) => id).join(', ');

function rendered(target: Renderable, config: KitConfig): readonly RenderedFile[] {
  return Object.entries(target.files(config)).map(([name, text]) => ({ path: `${target.id}/${name}`, text }));
}

/** The files one after the other, each behind a line that every rendered format reads as a comment. */
function printed(files: readonly RenderedFile[]): Outcome {
  const text = files.map((file) => `# ==> ${file.path} <==\n${file.text}`).join('\n');
  return { text, data: { files }, status: status.fine };
}

/** All texts exist before the first is written, so that a fault leaves nothing half done. */
function written(files: readonly RenderedFile[], out: string, cwd: string): Outcome {
  const paths = files.map(({ path, text }) => {
    const shown = join(out, path);
    mkdirSync(dirname(resolve(cwd, shown)), { recursive: true });
    writeFileSync(resolve(cwd, shown), text);
    return shown;
  });
  return { text: paths.map((path) => `${path}\n`).join(''), data: { written: paths }, status: status.fine };
}
