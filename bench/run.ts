import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { hasCompiler } from './compile.ts';
import { busySeconds, machine, mostStreams } from './machine.ts';
import { Results } from './metrics.ts';
import { type Options, readOptions, usage } from './options.ts';
import { busyMs, profileTable } from './profile.ts';
import { root, spentSeconds } from './program.ts';
import { type ProfileSection, report } from './report.ts';
import { connections } from './scenarios/connections.ts';
import { fanout } from './scenarios/fanout.ts';
import { groups } from './scenarios/groups.ts';
import { growth, sizes } from './scenarios/growth.ts';
import { replay } from './scenarios/replay.ts';
import type { Bench, Scale, Scenario } from './scenarios/scenario.ts';
import { stalledReaders } from './scenarios/stalled.ts';
import { storm } from './scenarios/storm.ts';
import { floor } from './servers/floor.ts';
import { nchan } from './servers/nchan.ts';
import { betterSse, fastifySse, rawHttp, type Server } from './servers/server.ts';
import { sseKit, sseKitOnRedis, sseKitWithJwt } from './servers/sse-kit.ts';

const allServers: readonly Server[] = [
  sseKit,
  sseKitWithJwt,
  sseKitOnRedis,
  rawHttp,
  betterSse,
  fastifySse,
  nchan,
  floor,
];
const allScenarios: readonly Scenario[] = [fanout, connections, storm, replay, groups, stalledReaders, growth];

const log = (line: string): void => console.error(line);

/** Everything, or nothing when the list is empty. */
const chosen = <T extends { readonly name: string }>(all: readonly T[], names: readonly string[]): readonly T[] =>
  all.filter(({ name }) => names.length === 0 || names.includes(name));

function scaleOf({ quick, streams, rounds }: Options): Scale {
  const most = mostStreams();
  return {
    streams: Math.min(streams ?? (quick ? 2000 : 10_000), most),
    mostStreams: most,
    rounds: rounds ?? (quick ? 1 : 3),
    ms: quick ? 800 : 2000,
  };
}

/** The servers that can run here; those that cannot are named. */
function available(servers: readonly Server[], results: Results): readonly Server[] {
  return servers.filter((server) => {
    const why = server.missing();
    if (why !== undefined) results.notes.push(`${server.name} was left out: ${why}.`);
    return why === undefined;
  });
}

/** A profile of less says little. */
const worthShowingMs = 1200;

/** Profiles are taken in a round of their own: a profiler slows down what it watches. */
async function profileService(bench: Bench, scenarios: readonly Scenario[]): Promise<readonly ProfileSection[]> {
  const sections: ProfileSection[] = [];
  for (const { name, run } of scenarios) {
    const profiled: Bench = {
      ...bench,
      scale: { ...bench.scale, rounds: 1 },
      servers: [sseKit],
      results: new Results(),
      log: (line) => log(`profile of ${line}`),
      profiles: (command, profile) => {
        if (busyMs(profile) >= worthShowingMs)
          sections.push({ what: `${name}: ${command}`, table: profileTable(profile) });
      },
    };
    await run(profiled);
  }
  return sections;
}

async function measure(options: Options): Promise<void> {
  const began = { at: Date.now(), busy: busySeconds(), spent: spentSeconds() };
  const results = new Results();
  const scale = scaleOf(options);
  const scenarios = chosen(allScenarios, options.only);
  const bench: Bench = { scale, servers: available(chosen(allServers, options.servers), results), results, log };
  for (const scenario of scenarios) await scenario.run(bench);
  const seconds = (Date.now() - began.at) / 1000;
  const foreign = busySeconds() - began.busy - (spentSeconds() - began.spent);
  const profiles = options.profile.length > 0 ? await profileService(bench, chosen(allScenarios, options.profile)) : [];
  const text = report(
    results,
    {
      date: new Date(began.at).toISOString().slice(0, 10),
      machine: machine(),
      scale: `${scale.streams} streams, ${scale.rounds} round${scale.rounds === 1 ? '' : 's'}, ${scale.ms / 1000} s for each measured part`,
      scenarios,
      sizes: sizes(scale),
      foreignShare: Math.max(0, foreign / (seconds * availableParallelism())),
      minutes: seconds / 60,
    },
    profiles,
  );
  console.log(text);
  const whole = options.only.length === 0 && options.servers.length === 0 && !options.quick;
  const out = options.out ?? (whole ? join(root, 'bench', 'RESULTS.md') : undefined);
  if (out !== undefined) writeFileSync(out, text);
  if (results.failures.some(({ server }) => server.startsWith('sse-kit'))) process.exitCode = 1;
}

async function main(): Promise<void> {
  const names = (all: readonly { readonly name: string }[]): readonly string[] => all.map(({ name }) => name);
  const options = readOptions(process.argv.slice(2), names(allScenarios), names(allServers));
  // the load is written in C: what it measures would otherwise be itself
  if (!hasCompiler)
    throw new Error('the load needs a C compiler; install one (apt-get install gcc libc6-dev) or set CC');
  if (process.platform !== 'linux') throw new Error('the bench needs Linux: it reads /proc and uses epoll');
  await measure(options);
}

main().catch((error: unknown) => {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exit(1);
});
