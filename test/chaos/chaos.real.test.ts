import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopPrograms } from '../support/programs.ts';
import { runChaos } from './run.ts';
import { type FaultKind, harmless, losing } from './schedule.ts';
import { figuresOf, isSound, writeStudy } from './verdict.ts';

const load = { streams: 200, channels: 50, eventsPerSecond: 100 };
/** Faults for half a minute; a busy machine needs longer to start, to mend and to end. */
const forMs = 25_000;
const testMs = 300_000;

afterEach(stopPrograms, 30_000);

/** What there is to complain about; with it, where to read on. */
async function complaints(seed: number, kinds: readonly FaultKind[]): Promise<readonly string[]> {
  const outcome = await runChaos({ seed, forMs, kinds, ...load });
  if (isSound(outcome)) return [];
  return [figuresOf(outcome), writeStudy(join(tmpdir(), 'sse-kit-chaos'), `seed-${seed}`, outcome)];
}

test.each([101, 102, 103])(
  'every event exactly once, in order, or covered by a gap: seed %d',
  async (seed) => {
    expect(await complaints(seed, [...harmless, ...losing])).toEqual([]);
  },
  testMs,
);

test(
  'no gap where no data was lost',
  async () => {
    expect(await complaints(104, harmless)).toEqual([]);
  },
  testMs,
);
