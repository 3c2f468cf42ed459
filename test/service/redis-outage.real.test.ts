import { stopPrograms } from '../support/programs.ts';
import { startProxy } from '../support/proxy.ts';
import { startRedis } from '../support/redis.ts';
import { ask, startCopy, until } from '../support/redis-sets.ts';
import { metric, post, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});
afterAll(stopPrograms);

const policy = { heartbeatSeconds: 1, maxStreams: 1000 };
const statusOf = async (url: string): Promise<string> =>
  ((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status;
const start = async (redisUrl: string): Promise<string> => {
  const { url } = await startService(policy, { redisUrl });
  await until(async () => (await statusOf(url)) === 'ready');
  return url;
};

test('while the store is away streams stay, are kept alive and say why they are silent, and everybody can see it', async () => {
  const server = await startRedis();
  const url = await start(server.url);
  const stream = await openStream(`${url}/events?channel=a`);
  await publish(url, 'a', { data: 1 });
  await stream.data(1);
  server.signal('SIGKILL');
  await server.exited;
  await until(async () => (await statusOf(url)) === 'store-lost');
  const lost = () => stream.comments.filter((comment) => comment.trim() === 'store-lost');
  await stream.until(() => lost().length > 1);
  const refused = await post(url, 'a', { data: 2 });

  expect(await metric(url, 'sse_broker_connected')).toBe(0);
  expect(await metric(url, 'sse_broker_lag_seconds')).toBeGreaterThan(0.5);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(stream.events.some(({ event }) => event === 'stream:close')).toBe(false);
}, 20_000);

test('after a restart without data the streams that stayed are told, and go on', async () => {
  const server = await startRedis();
  const url = await start(server.url);
  const stream = await openStream(`${url}/events?channel=a`);
  const [id] = await publish(url, 'a', { data: 1 });
  await stream.data(1);
  server.signal('SIGKILL');
  await server.exited;
  await until(async () => (await statusOf(url)) === 'store-lost');
  await startRedis(server.port);
  const gap = await stream.event('stream:gap');
  await until(async () => (await statusOf(url)) === 'ready');
  await publish(url, 'a', { data: 2 });
  const resumed = await openStream(`${url}/events?channel=a`, resumeFrom(id));

  expect(JSON.parse(gap.data)).toMatchObject({ channels: ['a'], reason: 'store-lost' });
  expect(await stream.data(2)).toEqual([1, 2]);
  expect(JSON.parse((await resumed.event('stream:gap')).data)).toEqual({
    channels: ['a'],
    requested: id,
    reason: 'epoch',
  });
  expect(await resumed.data(1)).toEqual([2]);
}, 20_000);

test('FLUSHALL while streaming is told to every stream, before the first event of the new history', async () => {
  const server = await startRedis();
  const urls = await Promise.all([start(server.url), start(server.url)]);
  const streams = await Promise.all(urls.map((url) => openStream(`${url}/events?channel=a`)));
  await publish(urls[0] ?? '', 'a', { data: 1 });
  await Promise.all(streams.map((stream) => stream.data(1)));
  await ask(server, 'FLUSHALL');
  await publish(urls[1] ?? '', 'a', { data: 2 });
  await Promise.all(streams.map((stream) => stream.data(2)));

  for (const { events } of streams)
    expect(events.map(({ event, data }) => event ?? data)).toEqual(['stream:open', '1', 'stream:gap', '2']);
}, 20_000);

test('a failover that lost an accepted event is told, live and to whoever resumes from before', async () => {
  const primary = await startRedis();
  const copy = await startCopy(primary);
  const proxy = await startProxy(primary.port);
  const url = await start(proxy.url);
  const stream = await openStream(`${url}/events?channel=a`);
  const [kept] = await publish(url, 'a', { data: 'kept' });
  await until(async () => (await ask(copy, 'EXISTS', 'sse-kit:{0}:log:a')) === 1);
  await ask(copy, 'REPLICAOF', '127.0.0.1', '1');
  await until(async () => String(await ask(primary, 'INFO', 'replication')).includes('connected_slaves:0'));
  await publish(url, 'a', { data: 'lost' });
  await ask(copy, 'REPLICAOF', 'NO', 'ONE');
  proxy.switchTo(copy.port);
  await stream.event('stream:gap');
  await until(async () => (await statusOf(url)) === 'ready');
  await publish(url, 'a', { data: 'new' });
  const elsewhere = await start(`redis://127.0.0.1:${copy.port}`);
  const resumed = await openStream(`${elsewhere}/events?channel=a`, resumeFrom(kept));

  expect(await stream.data(3)).toEqual(['kept', 'lost', 'new']);
  expect(JSON.parse((await resumed.event('stream:gap')).data)).toMatchObject({ channels: ['a'], requested: kept });
  expect(await resumed.data(1)).toEqual(['new']);
  proxy.close();
}, 20_000);

test('a replica has two connections to its store: one commands, one listens', async () => {
  const server = await startRedis();
  await Promise.all([start(server.url), start(server.url)]);
  const clients = String(await ask(server, 'CLIENT', 'LIST', 'TYPE', 'normal'))
    .trim()
    .split('\n');
  const subscribers = String(await ask(server, 'CLIENT', 'LIST', 'TYPE', 'pubsub'))
    .trim()
    .split('\n');

  // one each, and the one that asks
  expect([clients.length, subscribers.length]).toEqual([3, 2]);
}, 20_000);
