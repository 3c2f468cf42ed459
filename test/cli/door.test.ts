import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaults } from '../../lib/policy/index.ts';
import { targets } from '../../lib/targets/index.ts';

/** The door itself, in a process of its own and far from the repository. Each run costs a second, so there are two. */
const door = join(__dirname, '../../bin/sse-kit.mjs');

const run = (...argv: readonly string[]) =>
  spawnSync(process.execPath, [door, ...argv], {
    cwd: tmpdir(),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, SSE_KIT_CONFIG: '' },
  });

test('the command runs from any folder, with results on stdout and nothing on stderr', () => {
  const { status, stdout, stderr } = run('check', '--json');

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout).policy).toEqual(defaults);
});

test('fails with the exit status of wrong use, with messages on stderr and nothing on stdout', () => {
  const { status, stdout, stderr } = run('render', 'squid');

  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toBe(
    `sse-kit: unknown target "squid"; the targets are ${targets.map(({ id }) => id).join(', ')}, and all for those in use; besides them, compose, observability, cost\n`,
  );
});
