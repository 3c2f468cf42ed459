import type { KitConfig } from '../config/load.ts';
import { targetsInUse } from '../config/targets-in-use.ts';
import { fieldNames } from '../policy/index.ts';
import { type AnyTarget, targets } from '../targets/index.ts';
import { type AddCommand, type Outcome, status } from './command.ts';
import { table } from './table.ts';

export const addTargets: AddCommand = (program, act) => {
  program
    .command('targets')
    .description('what can be rendered, and (with --json) where each policy field goes or why it does not')
    .action(() => act(({ config }) => listTargets(config())));
};

/** Every target the kit knows, and whether the configuration is meant for it. */
export function listTargets(config: KitConfig): Outcome {
  const used = new Set(targetsInUse(config).map(({ id }) => id));
  const rows = targets.map((target) => [
    target.id,
    target.title,
    used.has(target.id) ? 'yes' : 'no',
    `${placed(target)} of ${fieldNames.length}`,
    String(target.limits.length),
  ]);
  return {
    text: table(['id', 'title', 'in use', 'policy fields', 'limits'], rows),
    data: {
      targets: targets.map(({ id, title, coverage, limits }) => ({
        id,
        title,
        inUse: used.has(id),
        coverage,
        limits: limits.map((limit) => limit.id),
      })),
    },
    status: status.fine,
  };
}

/** How many policy fields have a place in this target. */
const placed = ({ coverage }: AnyTarget): number => fieldNames.filter((field) => 'as' in coverage[field]).length;
