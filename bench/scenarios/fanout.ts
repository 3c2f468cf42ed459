import type { Measured, Session } from '../session.ts';
import { type Bench, eachRound, type Scenario } from './scenario.ts';

/** Deliveries a second of the paced part, at which every server keeps up. */
export const pacedRate = 30_000;

/** One channel, everybody on it. */
export const fanout: Scenario = {
  name: 'fanout',
  about: 'one channel with all streams: one and four events outstanding, saturated, and at a fixed rate',
  run: (bench) => eachRound(bench, 'fanout', bench.servers, (session) => measure(bench, session)),
};

async function measure({ scale: { streams, ms }, results }: Bench, session: Session): Promise<void> {
  const { name } = session.server;
  await session.open({ streams });
  await session.drive({ ms: ms / 4 });
  const one = await session.drive({ ms });
  results.add('oneOutstanding', name, one.inside / one.seconds);
  const four = await session.drive({ window: 4, ms });
  results.add('fourOutstanding', name, four.inside / four.seconds);
  const full = await saturated(session, ms, four);
  results.add('saturated', name, full.inside / full.seconds);
  results.add('loadBusy', name, 100 * full.loadBusy);
  const paced = await session.drive({ rate: pacedRate / streams, ms: 2 * ms });
  results.add('cpu', name, (paced.serverCpu / paced.deliveries) * 1e6);
  results.add('p50', name, paced.p50 / 1000);
  results.add('p99', name, paced.p99 / 1000);
  results.add('lightP50', name, await lightP50(session, ms));
}

/**
 * More events outstanding for as long as that brings clearly more. A server that does not gather them stops at the first
 * step: from there on its backlog would grow, and not its rate.
 */
async function saturated(session: Session, ms: number, withFour: Measured): Promise<Measured> {
  let best = withFour;
  for (const window of [16, 64, 256]) {
    const more = await session.drive({ window, ms });
    const gain = more.inside / more.seconds / (best.inside / best.seconds);
    if (gain > 1) best = more;
    if (gain < 1.5) break;
  }
  return best;
}

/** With few streams a delivery waits for nobody else's: what is left is the way from the publish to the first write. */
async function lightP50(session: Session, ms: number): Promise<number> {
  await session.drop();
  await session.open({ streams: 100 });
  return (await session.drive({ rate: 100, ms })).p50 / 1000;
}
