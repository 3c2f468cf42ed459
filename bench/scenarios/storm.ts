import type { Server } from '../servers/server.ts';
import type { Session } from '../session.ts';
import { type Bench, eachRound, type Scenario, which } from './scenario.ts';

const missed = 100;

/** All streams are cut, miss some events and come back at once, as after a deploy. */
export const storm: Scenario = {
  name: 'storm',
  about: `all streams back at once with ${missed} missed events each, until the last has caught up`,
  run: async (bench) => {
    const replaying = which(bench, (server) => server.replays === true);
    const others = which(bench, (server) => server.name === 'raw node:http');
    await eachRound(bench, 'storm, accepting', others, (session) => accept(bench, session));
    await eachRound(bench, 'storm', replaying, async (session) => {
      bench.results.add('storm', session.server.name, await comeBack(session, bench.scale.streams, '-'));
    });
    await eachRound(bench, 'storm, cold', which(bench, isOurs), async (session) => {
      bench.results.add('stormCold', session.server.name, await comeBack(session, bench.scale.streams, cold));
    });
  },
};

/** Asking for the default type by name makes another subscription: no ring for it, as on a replica that has just begun. */
export const cold = '&type=message';

export const isOurs = ({ name }: Server): boolean => name.startsWith('sse-kit');

async function accept({ scale: { streams }, results }: Bench, session: Session): Promise<void> {
  await session.open({ streams });
  await session.drop();
  const { seconds } = await session.open({ streams });
  results.add('stormAccept', session.server.name, seconds);
}

/** Seconds from the first connect until every stream has everything. */
async function comeBack(session: Session, streams: number, query: string): Promise<number> {
  await session.open({ streams });
  await session.publish(1);
  await session.caughtUp();
  await session.drop();
  await session.publish(missed);
  await session.open({ streams, resume: true, query });
  return (await session.caughtUp()).seconds;
}
