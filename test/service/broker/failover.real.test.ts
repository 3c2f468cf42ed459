import type { Broker } from '../../../service/broker/broker.ts';
import { redisBroker } from '../../support/broker.ts';
import { stopPrograms, temporaryFolder } from '../../support/programs.ts';
import { startProxy, type TcpProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { ask, startCopy, until } from '../../support/redis-sets.ts';
import { listen } from './contract.ts';

const brokers: Broker[] = [];
const proxies: TcpProxy[] = [];
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
  for (const proxy of proxies.splice(0)) proxy.close();
});
afterAll(stopPrograms);

const at = (url: string): ReturnType<typeof listen> => {
  const broker = redisBroker(url);
  brokers.push(broker);
  return listen(broker);
};

/** A primary with a copy, behind a name that can be made to lead to the other. */
async function pair() {
  const primary = await startRedis();
  const copy = await startCopy(primary);
  const proxy = await startProxy(primary.port);
  proxies.push(proxy);
  const promote = async (): Promise<void> => {
    await ask(copy, 'REPLICAOF', 'NO', 'ONE');
    proxy.switchTo(copy.port);
  };
  return { primary, copy, proxy, promote };
}

/** Cuts the copy off: what the primary accepts from now on it does not get. */
const forsake = async (primary: RedisServer, copy: RedisServer): Promise<void> => {
  await ask(copy, 'REPLICAOF', '127.0.0.1', '1');
  await until(async () => String(await ask(primary, 'INFO', 'replication')).includes('connected_slaves:0'));
};

const again = async (broker: Broker): Promise<void> => {
  await until(() => !broker.connected);
  await until(() => broker.connected);
};

/**
 * The channels that a gap was told of. Who meets the loss while reading the history calls it evicted; which of the two, or
 * both, is a matter of moments, and a loss that is told twice costs a client nothing but to ask twice.
 */
const toldOf = (gaps: readonly (readonly ['all' | readonly string[], string])[]): string[] => [
  ...new Set(gaps.flatMap(([channels]) => channels)),
];

const dataOf = (events: readonly { data: string }[]): string[] => events.map(({ data }) => data);

describe('a promoted copy', () => {
  test('that has everything: nothing is lost, and no gap is told', async () => {
    const { copy, proxy, promote } = await pair();
    const { broker, events, gaps, count } = await at(proxy.url);
    await broker.hold('x');
    const [, second] = await broker.publish('x', [{ data: '1' }, { data: '2' }]);
    await until(async () => (await ask(copy, 'GET', 'sse-kit:{0}:tail:x')) === String(second?.position));
    await promote();
    await again(broker);
    const [third] = await broker.publish('x', [{ data: '3' }]);
    await count(3);

    expect(dataOf(events)).toEqual(['1', '2', '3']);
    expect(third?.epoch).toBe(second?.epoch);
    expect(third?.position).toBeGreaterThan(second?.position ?? 0);
    expect(gaps).toEqual([]);
  }, 20_000);

  test('without the last event: every replica is told of a gap, whether it knew of the event or not', async () => {
    const { primary, copy, proxy, promote } = await pair();
    const publisher = await at(proxy.url);
    const other = await at(proxy.url);
    await Promise.all([publisher.broker.hold('x'), other.broker.hold('y')]);
    const [kept] = await publisher.broker.publish('x', [{ data: 'kept' }]);
    await until(async () => (await ask(copy, 'GET', 'sse-kit:{0}:tail:x')) === String(kept?.position));
    await forsake(primary, copy);
    await publisher.broker.publish('x', [{ data: 'lost' }]);
    await promote();
    await until(() => publisher.gaps.length > 0 && other.gaps.length > 0);
    await until(() => publisher.broker.connected && other.broker.connected);
    await publisher.broker.publish('x', [{ data: 'new' }]);
    await publisher.count(3);

    expect(dataOf(publisher.events)).toEqual(['kept', 'lost', 'new']);
    expect([toldOf(publisher.gaps), toldOf(other.gaps)]).toEqual([['x'], ['y']]);
  }, 20_000);

  test('without the last event: who resumes from before is told, who resumes from after is not', async () => {
    const { primary, copy, proxy, promote } = await pair();
    const { broker, gaps } = await at(proxy.url);
    await broker.hold('x');
    const [kept] = await broker.publish('x', [{ data: 'kept' }]);
    await until(async () => (await ask(copy, 'GET', 'sse-kit:{0}:tail:x')) === String(kept?.position));
    await forsake(primary, copy);
    await broker.publish('x', [{ data: 'lost' }]);
    await promote();
    await until(() => gaps.length > 0 && broker.connected);
    await broker.catchUp();
    const after = broker.here().position;
    const [last] = await broker.publish('x', [{ data: 'new' }]);
    const upTo = last?.position ?? 0;

    expect(await broker.replay(['x', 'quiet'], kept?.position ?? 0, upTo)).toMatchObject({
      events: [{ data: 'new' }],
      evicted: ['x', 'quiet'],
    });
    expect(await broker.replay(['x', 'quiet'], after, upTo)).toMatchObject({ events: [{ data: 'new' }], evicted: [] });
  }, 20_000);

  test('without the last event of a channel that another has published on since: the loss is told all the same', async () => {
    const { primary, copy, proxy, promote } = await pair();
    const { broker, gaps, data } = await at(proxy.url);
    await broker.hold('x');
    const [kept] = await broker.publish('x', [{ data: 'kept' }]);
    await until(async () => (await ask(copy, 'GET', 'sse-kit:{0}:tail:x')) === String(kept?.position));
    await forsake(primary, copy);
    await broker.publish('x', [{ data: 'lost' }]);
    await data('lost');
    await ask(copy, 'REPLICAOF', 'NO', 'ONE');
    const quicker = redisBroker(copy.url);
    brokers.push(quicker);
    await listen(quicker);
    const [last] = await quicker.publish('x', [{ data: 'new' }]);
    await promote();
    await data('new');

    expect(toldOf(gaps)).toEqual(['x']);
    expect(await broker.replay(['x'], kept?.position ?? 0, last?.position ?? 0)).toMatchObject({ evicted: ['x'] });
  }, 20_000);

  test('gives out no position twice, though its clock knows nothing of what was lost', async () => {
    const { primary, copy, proxy, promote } = await pair();
    const { broker } = await at(proxy.url);
    await until(async () => (await ask(copy, 'GET', 'sse-kit:{0}:epoch')) === broker.here().epoch);
    await forsake(primary, copy);
    // an hour ahead: the copy's own clock would give out lower positions for an hour
    await ask(primary, 'SET', 'sse-kit:{0}:last', String((Date.now() + 3_600_000) * 1024));
    const [lost] = await broker.publish('x', [{ data: 'lost' }]);
    await broker.catchUp();
    await promote();
    await again(broker);
    const [first] = await broker.publish('x', [{ data: 'new' }]);

    expect(first?.position).toBeGreaterThan(lost?.position ?? 0);
  }, 20_000);
});

test('a primary that has become a copy refuses writes, and is left for the new one', async () => {
  const { primary, copy, proxy } = await pair();
  const { broker } = await at(proxy.url);
  await ask(copy, 'REPLICAOF', 'NO', 'ONE');
  await ask(primary, 'REPLICAOF', '127.0.0.1', copy.port);
  await expect(broker.publish('x', [{ data: 'refused' }])).rejects.toThrow('the event store');
  await until(() => !broker.connected);
  // existing connections would stay with the old one for ever; the name leads elsewhere from now on
  proxy.switchTo(copy.port);
  await until(() => broker.connected);
  await broker.publish('x', [{ data: 'accepted' }]);
  await until(async () => (await ask(copy, 'XLEN', 'sse-kit:{0}:log:x')) === 1);
}, 20_000);

describe('a restart', () => {
  test('with data on disk: streams are completed, and no gap is told', async () => {
    const disk = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', temporaryFolder()];
    const server = await startRedis(undefined, disk);
    const { broker, events, gaps, count } = await at(server.url);
    await broker.hold('x');
    await broker.publish('x', [{ data: '1' }]);
    await count(1);
    server.signal('SIGKILL');
    await server.exited;
    await startRedis(server.port, disk);
    await again(broker);
    await broker.publish('x', [{ data: '2' }]);
    await count(2);

    expect(dataOf(events)).toEqual(['1', '2']);
    expect(gaps).toEqual([]);
  }, 20_000);

  test('with older data: a gap is told, and the history goes on under the same epoch', async () => {
    const folder = temporaryFolder();
    const server = await startRedis(undefined, ['--dir', folder]);
    const { broker, gaps, events, count } = await at(server.url);
    await broker.hold('x');
    const [kept] = await broker.publish('x', [{ data: 'kept' }]);
    await ask(server, 'SAVE');
    await broker.publish('x', [{ data: 'lost' }]);
    await count(2);
    server.signal('SIGKILL');
    await server.exited;
    await startRedis(server.port, ['--dir', folder]);
    await again(broker);
    await broker.publish('x', [{ data: 'new' }]);
    await count(3);

    expect(dataOf(events)).toEqual(['kept', 'lost', 'new']);
    expect(gaps).toEqual([[['x'], 'store-lost']]);
    expect(broker.here().epoch).toBe(kept?.epoch);
  }, 20_000);

  test('without data: a gap is told to all, under another epoch', async () => {
    const server = await startRedis();
    const { broker, gaps, events, count } = await at(server.url);
    await broker.hold('x');
    const [before] = await broker.publish('x', [{ data: '1' }]);
    await count(1);
    server.signal('SIGKILL');
    await server.exited;
    await startRedis(server.port);
    await again(broker);
    await broker.publish('x', [{ data: '2' }]);
    await count(2);

    expect(dataOf(events)).toEqual(['1', '2']);
    expect(gaps).toEqual([['all', 'store-lost']]);
    expect(broker.here().epoch).not.toBe(before?.epoch);
  }, 20_000);
});
