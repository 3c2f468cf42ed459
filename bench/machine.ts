import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { isInstalled, pinned, root } from './program.ts';

/** What the figures were taken on. */
export function machine(): readonly string[] {
  const processors = cpus();
  const cores = pinned ? 'servers on core 0, load on core 1' : 'not pinned: one core, or no taskset';
  return [
    `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 1024 ** 3)} GB, Linux ${release()}`,
    cores,
    `Node ${process.version}; ${packages.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
    [first('nginx', '-v'), first('redis-server', '--version'), first('cc', '--version')].filter(Boolean).join('; '),
  ];
}

const packages = ['fastify', 'better-sse', '@fastify/sse', 'ioredis'];

function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** The first line a program says about its version. */
function first(program: string, option: string): string {
  if (!isInstalled(program)) return '';
  const { stdout, stderr } = spawnSync(program, [option], {
    encoding: 'utf8',
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  return (
    (stdout || stderr)
      .split('\n')[0]
      ?.trim()
      .split(/ (sha|malloc)=/)[0] ?? ''
  );
}

export const loadAverage = (): string => loadavg()[0]?.toFixed(1) ?? '?';

/** Streams that one process can hold: its hard file limit, less what it needs for itself. */
export function mostStreams(): number {
  const limit = /Max open files\s+\S+\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return Math.min(60_000, (Number(limit) || 60_000) - 250);
}

/** Processor seconds of the whole machine so far: what others use while a bench runs is in it. */
export function busySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}
