import { stopPrograms } from '../support/programs.ts';
import { stopServices } from '../support/service.ts';
import { closeStreams } from '../support/stream.ts';
import {
  bothInRotation,
  crowd,
  drain,
  endCheck,
  leaving,
  outage,
  promptness,
  publishing,
  reload,
  resume,
  silence,
  validity,
} from './checks.ts';
import type { Mutation, ProxyDriver, RunningProxy } from './driver.ts';
import { brokenStage, Cast, policy, type Stage, stageFor } from './stage.ts';

/** By what is promised: what has to be seen on the running proxy. */
const onStage: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'is prompt over every protocol, whatever encodings a client would take': promptness,
  'carries publishing, resumes and CORS while streams are open, and logs no tokens': publishing,
  'tells the service within two seconds when a client has left': leaving,
  'resumes on the other replica when one is killed, exactly once': resume,
  'gives a draining replica no new streams': drain,
  'keeps an EventSource alive without any replica': outage,
  'loses nothing when it reloads under load': reload,
  'carries five thousand streams, and one event to all of them once': crowd,
};

/** The proof of a proxy: its rendered files, the real program, two replicas on Redis. */
export function proveProxy(driver: ProxyDriver): void {
  describe(driver.name, () => {
    let cast: Cast;
    let proxy: RunningProxy;

    beforeAll(async () => {
      cast = await Cast.gather();
      proxy = await driver.start(cast.ports, policy);
    }, 60_000);
    afterEach(async () => {
      endCheck();
      closeStreams();
      await stopServices();
      await cast.restore();
    }, 30_000);
    afterAll(stopPrograms);

    test('accepts its files', () => validity(driver), 30_000);

    test.each(Object.entries(onStage))(
      '%s',
      async (_, check) => {
        const stage = stageFor(cast, proxy);
        await bothInRotation(stage);
        closeStreams();
        await check(stage);
      },
      60_000,
    );

    test('lets heartbeats through for three idle timers, and cuts a stream that is silent', async () => {
      await silence(driver);
    }, 60_000);
  });
}

const byName = { promptness, publishing, leaving, outage } as const;

/** One broken line in its files, and the check that has to notice. */
export interface Breakage {
  readonly what: string;
  readonly mutate: Mutation;
  readonly noticed: keyof typeof byName | 'silence';
}

/** A check that waits for what never comes has noticed, too. */
function inTime(checked: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('nothing came for twenty seconds')), 20_000);
    checked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The proof of the proof: with a broken line its check fails. */
export function proveBreakages(driver: ProxyDriver, breakages: readonly Breakage[]): void {
  describe(`${driver.name}, broken`, () => {
    let cast: Cast;

    beforeAll(async () => {
      cast = await Cast.gather();
    }, 60_000);
    afterEach(async () => {
      endCheck();
      closeStreams();
      await stopServices();
      await cast.restore();
    }, 30_000);
    afterAll(stopPrograms);

    test.each(breakages.map((one) => [one.what, one.noticed, one] as const))(
      '%s: %s fails',
      async (_, noticed, { mutate }) => {
        const checked =
          noticed === 'silence' ? silence(driver, mutate) : byName[noticed](await brokenStage(cast, driver, mutate));

        await expect(inTime(checked)).rejects.toThrow();
      },
      60_000,
    );
  });
}
