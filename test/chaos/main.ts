import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { stopPrograms } from '../support/programs.ts';
import { runChaos } from './run.ts';
import { harmless, losing } from './schedule.ts';
import { figuresOf, isSound, sentenceOf, writeStudy } from './verdict.ts';

interface Flags {
  readonly seed: number;
  readonly minutes: number;
  readonly rounds: number;
  readonly streams: number;
  readonly channels: number;
  readonly rate: number;
  readonly harmless?: true;
  readonly out: string;
}

const shownViolations = 10;

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

const command = new Command('npm run chaos --')
  .description('Streams through a seeded schedule of faults, reconciled against what was published')
  .option('--seed <n>', 'the seed of the first round; each further round takes the next', positive, 1)
  .option('--minutes <n>', 'how long faults go on in a round', positive, 1)
  .option('--rounds <n>', 'how many rounds', positive, 1)
  .option('--streams <n>', 'streams', positive, 200)
  .option('--channels <n>', 'channels', positive, 50)
  .option('--rate <n>', 'events published per second', positive, 100)
  .option('--harmless', 'only faults that cost no data: then there must be no gap at all')
  .option('--out <folder>', 'where the records around violations go', join(tmpdir(), 'sse-kit-chaos'));

/** One seed after the other; stops at nothing, and says in the end whether all was well. */
async function main(flags: Flags): Promise<boolean> {
  let sound = true;
  for (let round = 0; round < flags.rounds; round++) {
    const seed = flags.seed + round;
    console.log(`seed ${seed}`);
    sound = (await playRound(seed, flags)) && sound;
  }
  return sound;
}

async function playRound(seed: number, flags: Flags): Promise<boolean> {
  try {
    const outcome = await runChaos({
      seed,
      forMs: flags.minutes * 60_000,
      kinds: flags.harmless ? harmless : [...harmless, ...losing],
      streams: flags.streams,
      channels: flags.channels,
      eventsPerSecond: flags.rate,
      log: (line) => console.log(`  ${line}`),
    });
    console.log(`seed ${seed}: ${figuresOf(outcome)}`);
    if (isSound(outcome)) return true;
    for (const failure of outcome.failures) console.log(failure);
    for (const violation of outcome.violations.slice(0, shownViolations)) console.log(sentenceOf(violation));
    console.log(`the records around: ${writeStudy(flags.out, `seed-${seed}`, outcome)}`);
    return false;
  } finally {
    await stopPrograms();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopPrograms().then(() => process.exit(1)));
}
process.exitCode = (await main(command.parse().opts<Flags>())) ? 0 : 1;
