import type { Session } from '../session.ts';
import { type Bench, eachRound, type Scenario, which } from './scenario.ts';

const perChannel = 10;

/** A channel per user: many small groups, each with its own events. */
export const groups: Scenario = {
  name: 'groups',
  about: 'channels of ten streams, one event under way on each',
  run: (bench) =>
    eachRound(
      bench,
      'groups',
      which(bench, (server) => server.oneChannel !== true),
      (session) => measure(bench, session),
    ),
};

async function measure({ scale: { streams, ms }, results }: Bench, session: Session): Promise<void> {
  const { name, bare = false } = session.server;
  const channels = streams / perChannel;
  await session.open({ streams, channels });
  await session.drive({ window: channels, ms: ms / 4 });
  const single = await session.drive({ window: channels, ms });
  results.add('groups', name, single.inside / single.seconds);
  if (bare) return;
  const batched = await session.drive({ window: 10 * channels, batch: 10, ms });
  results.add('groupsBatch', name, batched.inside / batched.seconds);
}
