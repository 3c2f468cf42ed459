import { freePort } from '../../support/programs.ts';
import { sharedRedis, startRedis } from '../../support/redis.ts';
import type { RunningService } from '../../support/service.ts';
import { startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { ask } from './support.ts';

const redis = sharedRedis();
afterEach(async () => {
  closeStreams();
  await stopServices();
});

async function startAt(redisUrl: string): Promise<RunningService> {
  const service = await startService({}, { redisUrl, patterns: ['notifications'] });
  while (!(await fetch(`${service.url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  return service;
}

test('two replicas agree on what there is, and tell each other’s tabs', async () => {
  const [here, there] = [await startAt(redis.server.url), await startAt(redis.server.url)];
  const tab = await openStream(`${there.url}/events?channel=user:ada`);
  const { body } = await ask('POST', `${here.url}/notifications/ada`, { body: { title: 'a' } });
  expect(JSON.parse((await tab.event('notification')).data)).toMatchObject({ id: body.id, unread: 1 });
  await ask('PUT', `${there.url}/notifications/${body.id}/read?user=ada`);
  expect(JSON.parse((await tab.event('notifications:unread')).data)).toMatchObject({ unread: 0, read: body.id });
  expect((await ask('GET', `${here.url}/notifications/unread?user=ada`)).body).toMatchObject({ unread: 0 });
});

test('the highest revision has the right count, however many notify and read at once', async () => {
  const replicas = [await startAt(redis.server.url), await startAt(redis.server.url)];
  const tab = await openStream(`${replicas[0]?.url}/events?channel=user:ada`);
  const sent = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      ask('POST', `${replicas[index % 2]?.url}/notifications/ada`, { body: { title: String(index) } }),
    ),
  );
  await Promise.all(
    sent
      .slice(0, 10)
      .map(({ body }, index) => ask('PUT', `${replicas[index % 2]?.url}/notifications/${body.id}/read?user=ada`)),
  );
  const told = (await tab.data(40)) as { unread: number; revision: number }[];
  expect(told.reduce((newest, one) => (one.revision > newest.revision ? one : newest)).unread).toBe(20);
});

test('while the store is away nothing is accepted, and the answer says when to come back', async () => {
  const server = await startRedis(await freePort());
  const { url } = await startAt(server.url);
  server.signal('SIGKILL');
  await server.exited;
  const answer = await ask('POST', `${url}/notifications/ada`, { body: { title: 'a' } });
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
});
