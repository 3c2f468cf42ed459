import type { Session } from '../session.ts';
import { pacedRate } from './fanout.ts';
import { type Bench, eachRound, type Scenario, which } from './scenario.ts';

/** The numbers of streams that are compared, as far as the file limit of one process goes. */
export const sizes = ({ streams, mostStreams }: Bench['scale']): readonly number[] =>
  [0.1, 1, 2].map((factor) => Math.min(factor * streams, mostStreams));

/** The same deliveries a second to more and more streams. */
export const growth: Scenario = {
  name: 'growth',
  about: 'cost per delivery and per stream as the number of streams grows',
  run: async (bench) => {
    const compared = which(bench, ({ name }) => name === 'sse-kit' || name === 'raw node:http');
    for (const streams of sizes(bench.scale))
      await eachRound(bench, `growth, ${streams} streams`, compared, (session) => measure(bench, session, streams));
  },
};

async function measure({ scale: { ms }, results }: Bench, session: Session, streams: number): Promise<void> {
  const { name } = session.server;
  await session.open({ streams: Math.min(500, streams) });
  await session.drop();
  const before = await session.settledBytes();
  const { seconds } = await session.open({ streams });
  results.add(`growth:accepted:${streams}`, name, streams / seconds);
  results.add(`growth:memory:${streams}`, name, ((await session.settledBytes()) - before) / streams / 1024);
  await session.drive({ ms: ms / 4 });
  const four = await session.drive({ window: 4, ms });
  results.add(`growth:four:${streams}`, name, four.inside / four.seconds);
  const paced = await session.drive({ rate: pacedRate / streams, ms: 2 * ms });
  results.add(`growth:cpu:${streams}`, name, (paced.serverCpu / paced.deliveries) * 1e6);
}
