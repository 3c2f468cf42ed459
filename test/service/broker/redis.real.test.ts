import { redisBroker } from '../../support/broker.ts';
import { startProxy } from '../../support/proxy.ts';
import { sharedRedis, startRedis } from '../../support/redis.ts';
import { brokerContract, listen } from './contract.ts';

describe('the Redis broker', () => {
  const redis = sharedRedis();
  const start = (): ReturnType<typeof listen> => listen(redisBroker(redis.server.url));

  brokerContract((wanted) => redisBroker(redis.server.url, wanted));

  test('carries events from one replica to another, with one order for both', async () => {
    const [a, b] = await Promise.all([start(), start()]);
    await Promise.all([a.broker.hold('x'), b.broker.hold('x'), b.broker.hold('y')]);
    const cursors = [
      ...(await a.broker.publish('x', [{ data: '1' }])),
      ...(await b.broker.publish('x', [{ data: '2' }])),
      ...(await a.broker.publish('y', [{ data: '3' }])),
    ];
    await Promise.all([a.count(2), b.count(3)]);

    expect(b.events.map(({ position }) => position)).toEqual(cursors.map(({ position }) => position));
    expect(a.events).toEqual(b.events.slice(0, 2));
    await Promise.all([a.broker.close(), b.broker.close()]);
  });

  test('hands on what was published while its subscriber was cut off, once and in order', async () => {
    const { broker, events, gaps, count } = await start();
    const other = await start();
    await Promise.all([broker.hold('x'), broker.hold('y')]);
    await other.broker.publish('x', [{ data: '1' }]);
    await count(1);
    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (let number = 2; number <= 40; number++)
      await other.broker.publish(number % 2 ? 'x' : 'y', [{ data: String(number) }]);
    await count(40);
    await other.broker.publish('x', [{ data: '41' }]);
    await count(41);

    expect(events.map(({ data }) => Number(data))).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
    expect(gaps).toEqual([]);
    await Promise.all([broker.close(), other.broker.close()]);
  });

  test('tells of a gap when the store lost its history, and goes on', async () => {
    const { broker, events, gaps, count } = await start();
    await broker.hold('x');
    const [before] = await broker.publish('x', [{ data: '1' }]);
    await redis.admin.flushall();
    const [after] = await broker.publish('x', [{ data: '2' }]);
    await count(2);

    expect(after?.epoch).not.toBe(before?.epoch);
    expect(broker.here().epoch).toBe(after?.epoch);
    expect(gaps).toEqual([['all', 'store-lost']]);
    expect(events.map(({ data }) => data)).toEqual(['1', '2']);
    await broker.close();
  });

  test('fills a hole that a lost notice left, and says that events came late', async () => {
    const { broker, events, gaps, count } = await start();
    await broker.hold('x');
    const topic = 'sse-kit:{0}:channel:x';
    await broker.publish('x', [{ data: '1' }]);
    await count(1);
    // the history gets an event whose notice goes astray: written as the script does, without its PUBLISH. Its position
    // is taken like any other: what is published in the same millisecond comes after it.
    const lost = await redis.admin.incr('sse-kit:{0}:last');
    await redis.admin.xadd('sse-kit:{0}:log:x', `${lost}-0`, 'p', String(events[0]?.position), 't', '', 'd', '2');
    await redis.admin.set('sse-kit:{0}:tail:x', String(lost));
    await broker.publish('x', [{ data: '3' }]);
    await count(3);

    expect(await redis.admin.pubsub('NUMSUB', topic)).toEqual([topic, 1]);
    expect(events.map(({ data }) => data)).toEqual(['1', '2', '3']);
    expect(gaps).toEqual([[['x'], 'store-lost']]);
    await broker.close();
  });

  test('fails a publish while the store is away, and publishes nothing of it later', async () => {
    const own = await startRedis();
    const { broker, events, count } = await listen(redisBroker(own.url));
    await broker.hold('x');
    own.signal('SIGKILL');
    await own.exited;

    await expect(broker.publish('x', [{ data: 'refused' }])).rejects.toThrow('the event store');
    await startRedis(own.port);
    const published = async (): Promise<void> => {
      for (;;) {
        try {
          await broker.publish('x', [{ data: 'accepted' }]);
          return;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    };
    await published();
    await count(1);
    expect(events.map(({ data }) => data)).toEqual(['accepted']);
    await broker.close();
  });

  test('notices that it is deaf, and hears what it missed on a new connection', async () => {
    const proxy = await startProxy(redis.server.port);
    const { broker, events, count } = await listen(redisBroker(proxy.url));
    const other = await start();
    await broker.hold('x');
    // what Redis says on the subscription no longer gets through; the connection stays up
    proxy.deafen((asked) => /subscribe/i.test(asked));
    await other.broker.publish('x', [{ data: '1' }]);
    await becomes(() => broker.connected, false);
    await count(1);
    await becomes(() => broker.connected, true);

    expect(events.map(({ data }) => data)).toEqual(['1']);
    await Promise.all([broker.close(), other.broker.close()]);
    proxy.close();
  }, 20_000);
});

/** Waits for a condition that nothing announces. */
async function becomes(condition: () => boolean, wanted: boolean): Promise<void> {
  while (condition() !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}
