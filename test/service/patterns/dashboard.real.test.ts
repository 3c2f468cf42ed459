import { dashboardChannel } from '../../../service/patterns/dashboard/dashboard.ts';
import { sharedRedis } from '../../support/redis.ts';
import { metric, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';

const redis = sharedRedis();
afterEach(async () => {
  closeStreams();
  await stopServices();
});

test('whoever watches one replica sees all of them', async () => {
  const start = (replica: string) => startService({}, { redisUrl: redis.server.url, patterns: ['dashboard'], replica });
  const [here, there] = [await start('here'), await start('there')];
  for (const { url } of [here, there])
    while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  const watcher = await openStream(`${here.url}/events?channel=${dashboardChannel}`);
  const seen = (replica: string): boolean =>
    watcher.events.some(({ event, data }) => event === 'sample' && JSON.parse(data).replica === replica);
  await watcher.until(() => seen('here') && seen('there'));
  // they sample on their own, each for itself
  expect(await metric(there.url, 'sse_streams_active')).toBe(0);
  expect(await metric(there.url, 'sse_events_published_total')).toBeGreaterThan(0);
}, 20_000);
