import type { Session } from '../session.ts';
import { eachRound, type Scenario, which } from './scenario.ts';
import { cold, isOurs } from './storm.ts';

const streams = 1000;
const missed = 1000;

/** Fewer streams than in a storm, with more to catch up with: what counts is replaying, not accepting. */
export const replay: Scenario = {
  name: 'replay',
  about: `${streams} streams come back with ${missed} missed events each`,
  run: async (bench) => {
    const replaying = which(bench, (server) => server.replays === true);
    await eachRound(bench, 'replay', replaying, async (session) => {
      bench.results.add(
        isOurs(session.server) ? 'replayRing' : 'replayHistory',
        session.server.name,
        await rate(session, '-'),
      );
    });
    await eachRound(bench, 'replay, cold', which(bench, isOurs), async (session) => {
      bench.results.add('replayHistory', session.server.name, await rate(session, cold));
    });
  },
};

async function rate(session: Session, query: string): Promise<number> {
  await session.open({ streams });
  await session.publish(1);
  await session.caughtUp();
  await session.drop();
  await session.publish(missed, 100);
  await session.open({ streams, resume: true, query });
  return (streams * missed) / (await session.caughtUp()).seconds;
}
