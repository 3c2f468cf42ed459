import { connect } from 'node:net';
import { positionOfTime } from '../../service/broker/position.ts';
import type { RedisBroker } from '../../service/broker/redis.ts';
import { redisBroker } from '../support/broker.ts';
import { freePort } from '../support/programs.ts';
import { startProxy } from '../support/proxy.ts';
import { sharedRedis, startRedis } from '../support/redis.ts';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';
import { listen } from './broker/contract.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const brokers: RedisBroker[] = [];
const brokerAt = (url: string): RedisBroker => {
  const broker = redisBroker(url);
  brokers.push(broker);
  return broker;
};
const redis = sharedRedis();
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
  closeStreams();
  await stopServices();
});
test('a channel that could not be held once can be held once the store is back', async () => {
  const port = await freePort();
  const broker = brokerAt(`redis://127.0.0.1:${port}`);
  void broker.start({ event: () => {}, gap: () => {} });
  await expect(broker.hold('x')).rejects.toThrow('the event store cannot be reached');
  await startRedis(port);
  while (!broker.connected) await pause(20);
  await expect(broker.hold('y')).resolves.toBeUndefined();
  await expect(broker.hold('x')).resolves.toBeUndefined();
}, 20_000);

test('streams of a channel that was asked for while the store was away open once it is back', async () => {
  const port = await freePort();
  const { url } = await startService({}, { redisUrl: `redis://127.0.0.1:${port}` });
  const early = await openStream(`${url}/events?channel=x`);
  expect(early.headers['x-sse-soft-fail']).toBe('store-lost');
  await startRedis(port);
  while (!(await fetch(`${url}/readyz`)).ok) await pause(20);
  const later = await openStream(`${url}/events?channel=x`);
  expect(later.headers['x-sse-soft-fail']).toBeUndefined();
}, 20_000);

test('a busy channel that is released and held again tells of no gap', async () => {
  const { broker, gaps } = await listen(brokerAt(redis.server.url));
  const other = (await listen(brokerAt(redis.server.url))).broker;
  let stop = false;
  let number = 0;
  const publishing = (async () => {
    while (!stop) await other.publish('x', [{ data: String(number++) }]);
  })();
  for (let round = 0; round < 10; round++) {
    await broker.hold('x');
    await pause(20);
    broker.release('x');
    await pause(20);
  }
  stop = true;
  await publishing;
  expect(gaps).toEqual([]);
}, 20_000);

test('a loss is told to a client that comes back after the tail of the channel has expired', async () => {
  const { broker } = await listen(brokerAt(redis.server.url));
  const cursor = positionOfTime(Date.now() - 2 * 86_400_000);
  await broker.publish('x', [{ data: '"missed"' }]);
  // what expiry does, a day and a half ago
  await redis.admin.del('sse-kit:{0}:log:x', 'sse-kit:{0}:tail:x');
  await broker.publish('x', [{ data: '"new"' }]);
  const page = await broker.replay(['x'], cursor, broker.here().position + 1e9);
  expect(page.evicted).toEqual(['x']);
});

test('after a loss of the history the quiet channels are not called evicted on top', async () => {
  const { broker, gaps, count } = await listen(brokerAt(redis.server.url));
  await Promise.all([broker.hold('x'), broker.hold('quiet')]);
  await broker.publish('x', [{ data: '1' }]);
  await count(1);
  await redis.admin.flushall();
  await broker.publish('x', [{ data: '2' }]);
  await count(2);
  expect(gaps).toEqual([['all', 'store-lost']]);
});

test('one deafness costs one new connection', async () => {
  const proxy = await startProxy(redis.server.port);
  const broker = brokerAt(proxy.url);
  await listen(broker);
  const received = async (): Promise<number> =>
    Number(/total_connections_received:(\d+)/.exec(await redis.admin.info('stats'))?.[1]);
  const before = await received();
  proxy.deafen((asked) => /subscribe/i.test(asked));
  await pause(11_000);
  const made = (await received()) - before;
  proxy.close();
  expect(made).toBe(1);
}, 20_000);

test('a page holds what it promises, over all its channels', async () => {
  const { broker } = await listen(brokerAt(redis.server.url));
  const before = broker.here().position;
  const channels = Array.from({ length: 20 }, (_, index) => `c${index}`);
  for (let batch = 0; batch < 5; batch++)
    for (const channel of channels)
      await broker.publish(
        channel,
        Array.from({ length: 100 }, (_, index) => ({ data: String(index) })),
      );
  const [last] = await broker.publish('c0', [{ data: 'last' }]);
  const page = await broker.replay(channels, before, last?.position ?? 0);
  expect(page.events.length).toBeLessThanOrEqual(500);
});

test('no more than maxStreams are open, however many come at once', async () => {
  const { url } = await startService({ maxStreams: 5 }, { redisUrl: redis.server.url });
  while (!(await fetch(`${url}/readyz`)).ok) await pause(20);
  const streams = await Promise.all(
    Array.from({ length: 30 }, (_, index) => openStream(`${url}/events?channel=c${index}`)),
  );
  await pause(100);
  expect(streams.filter(({ headers }) => headers['x-sse-soft-fail'] === undefined).length).toBeLessThanOrEqual(5);
});

test('a stream that was on its way when the drain began is not opened after it', async () => {
  const { url, drain } = await startService({}, { redisUrl: redis.server.url });
  while (!(await fetch(`${url}/readyz`)).ok) await pause(20);
  redis.server.signal('SIGSTOP');
  const opening = openStream(`${url}/events?channel=late`);
  await pause(200);
  await drain(100);
  redis.server.signal('SIGCONT');
  const late = await opening;
  await pause(100);
  expect([late.headers['x-sse-soft-fail'], await metric(url, 'sse_streams_active')]).toEqual(['draining', 0]);
});

test('a replica without its store turns new streams away, whether it knows their channel or not', async () => {
  const own = await startRedis();
  const { url } = await startService({}, { redisUrl: own.url });
  while (!(await fetch(`${url}/readyz`)).ok) await pause(20);
  const first = await openStream(`${url}/events?channel=known`);
  await first.event('stream:open');
  await publish(url, 'known', { data: 1 });
  own.signal('SIGKILL');
  await own.exited;
  while ((await fetch(`${url}/readyz`)).ok) await pause(20);
  const known = await openStream(`${url}/events?channel=known`);
  expect(known.headers['x-sse-soft-fail']).toBe('store-lost');
});

test('a stream request behind a publish on the same connection does not write into its answer', async () => {
  const { url } = await startService({}, { redisUrl: redis.server.url });
  while (!(await fetch(`${url}/readyz`)).ok) await pause(20);
  const first = await openStream(`${url}/events?channel=a`);
  await first.event('stream:open');
  const body = '{"data":1}';
  let text = '';
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
    socket.write(
      `POST /channels/a/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        'GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n',
    ),
  );
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  await pause(400);
  socket.destroy();
  expect(text.slice(0, 12)).toBe('HTTP/1.1 202');
});
