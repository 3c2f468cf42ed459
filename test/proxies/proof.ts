import { runningPrograms, stopPrograms, stopProgramsBut } from '../support/programs.ts';
import { stopServices } from '../support/service.ts';
import { closeStreams } from '../support/stream.ts';
import { bothInRotation, type CheckName, checks } from './checks/index.ts';
import { endCheck } from './checks/tools.ts';
import type { Mutation, ProxyDriver, RunningProxy } from './driver.ts';
import { BreakageRecord, ProofRecord } from './record.ts';
import { brokenStage, Cast, policy, stageFor } from './stage.ts';

/** Gathers a cast for the tests of a block, and mends after each of them what it has broken. */
function castForAll(): { readonly cast: () => Cast } {
  let cast: Cast;
  let forAll: ReadonlySet<unknown>;
  beforeAll(async () => {
    cast = await Cast.gather();
  }, 60_000);
  beforeEach(() => {
    forAll = runningPrograms();
  });
  afterEach(async () => {
    endCheck();
    closeStreams();
    await stopServices();
    // a proxy with room for thousands of streams may be thousands of threads
    await stopProgramsBut(forAll);
    await cast.restore();
  }, 30_000);
  afterAll(stopPrograms);
  return { cast: () => cast };
}

/** The proof of a proxy: its rendered files, the real program, two replicas on Redis. */
export function proveProxy(driver: ProxyDriver): void {
  describe(driver.name, () => {
    const { cast } = castForAll();
    const record = new ProofRecord(driver.name);
    let proxy: RunningProxy;

    beforeAll(async () => {
      proxy = await driver.start(cast().ports, policy);
      record.about(await driver.version(), proxy);
    }, 60_000);
    afterAll(() => record.write());

    const stage = async () => {
      const own = stageFor(cast(), proxy);
      await bothInRotation(own);
      closeStreams();
      return own;
    };
    test.each(Object.entries(checks).map(([name, check]) => [check.promise, name as CheckName] as const))(
      '%s',
      async (_, name) => {
        await record.keep(name, () => checks[name].prove({ driver, stage }));
      },
      60_000,
    );
  });
}

/** One broken line in its files, and the check that has to notice. */
export interface Breakage {
  readonly what: string;
  readonly mutate: Mutation;
  readonly noticed: CheckName;
  /** What the check has to complain of: another complaint would be an accident. */
  readonly says: RegExp;
}

/** The proof of the proof: with a broken line its check fails, for the reason that it is there for. */
export function proveBreakages(driver: ProxyDriver, breakages: readonly Breakage[]): void {
  describe(`${driver.name}, broken`, () => {
    const { cast } = castForAll();
    const record = new BreakageRecord(driver.name);
    afterAll(() => record.write());

    test.each(breakages.map((one) => [one.what, one.noticed, one] as const))(
      '%s: %s fails',
      async (what, noticed, { mutate, says }) => {
        const counted = counting(mutate);
        const scene = { driver, mutate: counted.mutate, stage: () => brokenStage(cast(), driver, counted.mutate) };

        await record.keep(what, noticed, async () => {
          await expect(checks[noticed].prove(scene)).rejects.toThrow(says);
          expect(counted.changed()).toBeGreaterThan(0);
        });
      },
      60_000,
    );
  });
}

/** A breakage that no longer finds its line breaks nothing. */
function counting(mutate: Mutation): { readonly mutate: Mutation; readonly changed: () => number } {
  let changed = 0;
  return {
    mutate: (text) => {
      const broken = mutate(text);
      if (broken !== text) changed++;
      return broken;
    },
    changed: () => changed,
  };
}
