import type { Session } from '../session.ts';
import { type Bench, eachRound, type Scenario } from './scenario.ts';

/** Streams that come and go before the measurement, so that code is compiled and caches are filled. */
const warmUp = 500;

/** Streams that are opened and then stay silent. */
export const connections: Scenario = {
  name: 'connections',
  about: 'streams accepted a second, and what each of them costs in memory while nothing happens',
  run: (bench) => eachRound(bench, 'connections', bench.servers, (session) => measure(bench, session)),
};

async function measure({ scale: { streams }, results }: Bench, session: Session): Promise<void> {
  const { name } = session.server;
  await session.open({ streams: Math.min(warmUp, streams) });
  await session.drop();
  const before = await session.settledBytes();
  const { seconds } = await session.open({ streams });
  results.add('accepted', name, streams / seconds);
  // the floor keeps an integer for each stream: there is nothing to compare with
  if (!session.server.oneChannel)
    results.add('memory', name, ((await session.settledBytes()) - before) / streams / 1024);
}
