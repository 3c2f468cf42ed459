import type { Session } from '../session.ts';
import { type Bench, eachRound, type Scenario, which } from './scenario.ts';

const stalled = 100;
/** The usual way, and the one peer that is not of Node. */
const compared = ['sse-kit', 'raw node:http', 'nchan'];
const megabyte = 1024 * 1024;
/** Enough for the writes to follow each other without a pause, on every server. */
const window = 16;

/** Streams whose clients have stopped reading without closing. */
export const stalledReaders: Scenario = {
  name: 'stalled',
  about: `${stalled} streams that are open and not read: what they cost the others, and the server's memory`,
  run: async (bench) => {
    const many = which(bench, ({ name }) => compared.includes(name));
    await eachRound(bench, 'stalled, among many', many, (session) => amongMany(bench, session));
    await eachRound(bench, 'stalled, half of a few', many, (session) => halfOfFew(bench, session));
  },
};

async function amongMany({ scale: { streams, ms }, results }: Bench, session: Session): Promise<void> {
  const { name } = session.server;
  await session.open({ streams });
  await session.drive({ window, ms });
  const without = await session.drive({ window, ms });
  await session.stall(stalled);
  const before = session.running.program.residentBytes();
  const during = await session.drive({ window, ms });
  results.add('stalledP99Without', name, without.p99 / 1000);
  results.add('stalledP99', name, during.p99 / 1000);
  results.add('stalledRatio', name, during.p99 / without.p99);
  results.add('stalledGrowth', name, (during.peakBytes - before) / megabyte);
}

/** Few enough streams for so many events that what is not read no longer fits into the kernel's buffers. */
async function halfOfFew({ scale: { ms }, results }: Bench, session: Session): Promise<void> {
  const { name } = session.server;
  const batch = session.server.bare ? 1 : 10;
  await session.open({ streams: 2 * stalled });
  await session.drive({ window, ms: ms / 2 });
  await session.stall(stalled);
  const before = await session.settledBytes();
  const { inside, seconds, peakBytes } = await session.drive({ window: batch * window, batch, ms: 4 * ms });
  results.add('crowdRate', name, inside / seconds);
  results.add('crowdGrowth', name, (peakBytes - before) / megabyte);
  if (session.server.replays) results.add('crowdClosed', name, (await session.counter('sse_slow_clients_total')) ?? 0);
}
