import type { Broker, Cursor } from '../../../service/broker/broker.ts';
import { history, redisBroker } from '../../support/broker.ts';
import { stopPrograms, temporaryFolder } from '../../support/programs.ts';
import { startRedis } from '../../support/redis.ts';
import { ask, until } from '../../support/redis-sets.ts';
import { listen } from './contract.ts';

const brokers: Broker[] = [];
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.close())));
afterAll(stopPrograms);

/** A server of the test's own and a broker on it, with what the broker complains of. */
async function start(...args: readonly string[]) {
  const server = await startRedis(undefined, args);
  const complaints: string[] = [];
  const broker = redisBroker({ url: server.url, onError: ({ message }) => complaints.push(message) });
  brokers.push(broker);
  return { server, complaints, ...(await listen(broker)) };
}

const dataOf = (events: readonly { data: string }[]): string[] => events.map(({ data }) => data);
const failureOf = (publish: Promise<unknown>): Promise<string> =>
  publish.then(
    () => 'none',
    (error: Error) => error.message,
  );

/** Publishes under a key as often as it takes. */
async function insist(broker: Broker, data: string): Promise<Cursor | undefined> {
  for (;;) {
    try {
      return (await broker.publish('x', [{ data }], { key: data, fingerprint: data }))[0];
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('a store that hangs', () => {
  test('is not waited for longer than a command may take, and what was asked may happen later: once, with a key', async () => {
    const { server, broker, events, count } = await start();
    await broker.hold('x');
    const [first] = await broker.publish('x', [{ data: 'before' }]);
    await count(1);
    server.signal('SIGSTOP');
    const began = performance.now();
    const failure = await failureOf(broker.publish('x', [{ data: 'late' }], { key: 'late', fingerprint: 'late' }));
    expect(failure).toBe('the event store did not answer; what was asked for may have happened all the same');
    expect(performance.now() - began).toBeLessThan(3500);
    await until(() => !broker.connected);
    expect(broker.lagSeconds).toBeGreaterThan(0.5);

    server.signal('SIGCONT');
    const late = await insist(broker, 'late');
    await broker.publish('x', [{ data: 'after' }]);
    await count(3);
    const { events: kept } = await broker.replay(['x'], (first?.position ?? 0) - 1, broker.here().position);
    expect(dataOf(events)).toEqual(['before', 'late', 'after']);
    expect(kept.map(({ data, position }) => [data, position === late?.position])).toEqual([
      ['before', false],
      ['late', true],
      ['after', false],
    ]);
  }, 30_000);

  test('for a moment only makes publishing wait', async () => {
    const { server, broker, events, count } = await start();
    await broker.hold('x');
    server.signal('SIGSTOP');
    const publishing = broker.publish('x', [{ data: '1' }]);
    setTimeout(() => server.signal('SIGCONT'), 300);
    await publishing;
    await count(1);

    expect(dataOf(events)).toEqual(['1']);
  });
});

describe('a store that refuses', () => {
  test('because it is full: publishing fails and says why, streams go on, and it recovers', async () => {
    const { server, broker, events, gaps, count, complaints } = await start();
    await broker.hold('x');
    await broker.publish('x', [{ data: '1' }]);
    await count(1);
    await ask(server, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await ask(server, 'CONFIG', 'SET', 'maxmemory', 1);

    expect(await failureOf(broker.publish('x', [{ data: 'refused' }]))).toBe('the event store is full');
    await broker.catchUp();
    expect(broker.connected).toBe(true);
    expect(complaints).toEqual([expect.stringContaining('OOM')]);
    await ask(server, 'CONFIG', 'SET', 'maxmemory', 0);
    await broker.publish('x', [{ data: '2' }]);
    await count(2);
    expect(dataOf(events)).toEqual(['1', '2']);
    expect(gaps).toEqual([]);
  });

  test('because a script of somebody else holds it up', async () => {
    const { server, broker, events, gaps, count } = await start('--busy-reply-threshold', '50');
    await broker.hold('x');
    const script = ask(server, 'EVAL', 'while true do end', 0).catch(() => {});
    await until(async () => (await failureOf(broker.publish('y', [{ data: '0' }]))) !== 'none');
    expect(await failureOf(broker.publish('y', [{ data: '0' }]))).toMatch(/cannot do this right now|did not answer/);
    await until(async () => (await failureOf(ask(server, 'SCRIPT', 'KILL'))) === 'none');
    await script;
    await insist(broker, '1');
    await count(1);
    await until(() => broker.connected);

    expect(dataOf(events)).toEqual(['1']);
    expect(gaps).toEqual([]);
  }, 20_000);

  test('because it is still reading its data: it is waited for, and nothing is lost', async () => {
    const slow = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', temporaryFolder()];
    const { server, broker, events, gaps, count } = await start(...slow);
    await broker.hold('x');
    await broker.publish('x', [{ data: '1' }]);
    await count(1);
    await Promise.all(Array.from({ length: 300 }, (_, key) => ask(server, 'SET', `filling${key}`, 'x')));
    server.signal('SIGKILL');
    await server.exited;
    const began = performance.now();
    // 10 ms for each key: the server answers LOADING for three seconds
    const loaded = startRedis(server.port, [
      ...slow,
      '--key-load-delay',
      '10000',
      '--loading-process-events-interval-bytes',
      '1024',
    ]);
    await insist(broker, '2');
    await count(2);
    await loaded;

    expect(performance.now() - began).toBeGreaterThan(1500);
    expect(dataOf(events)).toEqual(['1', '2']);
    expect(gaps).toEqual([]);
  }, 30_000);

  test('because somebody wrote something else to a key: that channel suffers, and no other', async () => {
    const { server, broker, events, gaps, count } = await start();
    await Promise.all([broker.hold('x'), broker.hold('broken')]);
    await ask(server, 'SET', 'sse-kit:{0}:log:broken', 'not a stream');

    expect(await failureOf(broker.publish('broken', [{ data: '1' }]))).toBe('the event store refuses this');
    const before = broker.here().position;
    await ask(server, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    await broker.publish('x', [{ data: '2' }]);
    await count(1);
    await until(() => broker.connected);
    expect(dataOf(events)).toEqual(['2']);
    expect(gaps).toEqual([[['broken'], 'evicted']]);
    expect(await broker.replay(['x', 'broken'], before, broker.here().position)).toMatchObject({
      events: [{ data: '2' }],
      evicted: ['broken'],
    });
  });
});

describe('a store that forgets', () => {
  test('its scripts: they are sent again', async () => {
    const { server, broker } = await start();
    const once = { key: 'k', fingerprint: 'f' };
    await broker.publish('x', [{ data: '1' }]);
    await broker.publish('x', [{ data: '2' }], once);
    await ask(server, 'SCRIPT', 'FLUSH');
    const all = await Promise.all([
      broker.publish('x', [{ data: '3' }]),
      broker.publish('x', [{ data: '2' }], once),
      broker.publish('x', [{ data: '4' }]),
      broker.catchUp(),
    ]);

    expect(all[1]?.repeated).toBe(true);
    expect(dataOf((await broker.replay(['x'], 0, broker.here().position + 1e6)).events)).toEqual(['1', '2', '3', '4']);
  });

  test('the log of one channel: who resumes there is told, live streams miss nothing', async () => {
    const { server, broker, events, gaps, count } = await start();
    await Promise.all([broker.hold('x'), broker.hold('y')]);
    const [first] = await broker.publish('x', [{ data: '1' }]);
    await broker.publish('x', [{ data: '2' }]);
    await broker.publish('y', [{ data: '3' }]);
    await ask(server, 'DEL', 'sse-kit:{0}:log:x');
    const [last] = await broker.publish('x', [{ data: '4' }]);
    await count(4);

    expect(dataOf(events)).toEqual(['1', '2', '3', '4']);
    expect(gaps).toEqual([]);
    expect(await broker.replay(['x', 'y'], first?.position ?? 0, last?.position ?? 0)).toMatchObject({
      events: [{ data: '3' }, { data: '4' }],
      evicted: ['x'],
    });
  });

  // a store that also evicts the tails, or at random, forgets in silence: hence noeviction
  test('logs, because it may evict what expires soonest: nothing is lost without a word', async () => {
    const { server, broker } = await start();
    const { epoch, position: origin } = broker.here();
    const { used } = /used_memory:(?<used>\d+)/.exec(String(await ask(server, 'INFO', 'memory')))?.groups ?? {};
    await ask(server, 'CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    // by default the store looks at five keys, which may all be tails
    await ask(server, 'CONFIG', 'SET', 'maxmemory-samples', 64);
    await ask(server, 'CONFIG', 'SET', 'maxmemory', Number(used) + 3_000_000);
    const channels = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const data = JSON.stringify('x'.repeat(10_000));
    for (let round = 0; round < 25; round++)
      await Promise.all(channels.map((channel) => broker.publish(channel, [{ data }])));
    await broker.catchUp();
    const left = await Promise.all(channels.map((channel) => broker.replay([channel], origin, broker.here().position)));
    const silent = left.filter(({ events, evicted }) => events.length < 25 && evicted.length === 0);

    expect(broker.here().epoch).toBe(epoch);
    expect(silent).toEqual([]);
    expect(left.some(({ events }) => events.length < 25)).toBe(true);
  }, 20_000);
});

describe('a subscriber', () => {
  test('whose buffer at the store overflows is cut off, and completes what it missed', async () => {
    const { server, broker, events, gaps } = await start('--client-output-buffer-limit', 'pubsub 100kb 100kb 1');
    await broker.hold('x');
    const other = redisBroker(server.url, history);
    brokers.push(other);
    await listen(other);
    // in one step, so that the store cannot send in between what it has to keep for the subscriber
    const drafts = Array.from({ length: 300 }, (_, index) => ({ data: JSON.stringify(`${index}${'x'.repeat(2000)}`) }));
    await other.publish('x', drafts);
    await until(() => events.length === 300);
    await until(() => broker.connected);

    await server.prints(/overcoming of output buffer limits/);
    expect(dataOf(events)).toEqual(drafts.map(({ data }) => data));
    expect(gaps).toEqual([]);
  }, 20_000);

  test('listens to thousands of channels again after a cut, and misses nothing on any', async () => {
    const { server, broker, events, gaps } = await start();
    const channels = Array.from({ length: 3000 }, (_, index) => `c${index}`);
    await Promise.all(channels.map((channel) => broker.hold(channel)));
    await ask(server, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    const missed = [...channels.slice(0, 100), ...channels.slice(-100)];
    for (const channel of missed) await broker.publish(channel, [{ data: channel }]);
    await until(() => events.length === missed.length && broker.connected);
    await broker.publish('c2999', [{ data: 'live' }]);
    await until(() => events.at(-1)?.data === 'live');

    expect(dataOf(events).slice(0, -1).sort()).toEqual([...missed].sort());
    expect(gaps).toEqual([]);
  }, 30_000);
});
