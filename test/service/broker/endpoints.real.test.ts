import { readFileSync } from 'node:fs';
import type { Broker } from '../../../service/broker/broker.ts';
import type { RedisSettings } from '../../../service/broker/redis-connection.ts';
import { slot } from '../../../service/broker/redis-keys.ts';
import { redisBroker } from '../../support/broker.ts';
import { freePort, startProgram, stopPrograms, temporaryFolder } from '../../support/programs.ts';
import { startRedis } from '../../support/redis.ts';
import { ask, certificatesFor, startCluster, startCopy, startSentinel, until } from '../../support/redis-sets.ts';
import { listen } from './contract.ts';

const brokers: Broker[] = [];
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.close())));
afterAll(stopPrograms);

const connect = (settings: string | RedisSettings): ReturnType<typeof listen> => {
  const broker = redisBroker(settings);
  brokers.push(broker);
  return listen(broker);
};

/** Publishes as often as it takes. */
async function accepted(broker: Broker, channel: string, data: string): Promise<void> {
  for (;;) {
    try {
      await broker.publish(channel, [{ data }], { key: data, fingerprint: data });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe('with TLS', () => {
  const start = async (subject: string) => {
    const { ca, key, cert } = certificatesFor(subject);
    const port = await freePort();
    const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca, '--tls-auth-clients', 'no'];
    const program = startProgram('redis-server', [
      ...['--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', temporaryFolder()],
      ...tls,
    ]);
    await program.prints(/Ready to accept connections/);
    return { port, ca: readFileSync(ca, 'utf8') };
  };
  /** The first complaint of a broker that must not get through. */
  const complaint = (settings: RedisSettings): Promise<string> =>
    new Promise((resolve) => {
      const broker = redisBroker({ ...settings, onError: ({ message }) => resolve(message) });
      brokers.push(broker);
      void broker.start({ event: () => {}, gap: () => {} });
    });

  test('speaks to a server that the given authority vouches for', async () => {
    const { port, ca } = await start('IP:127.0.0.1');
    const { broker, count } = await connect({ url: `rediss://127.0.0.1:${port}`, ca });
    await broker.hold('x');
    await broker.publish('x', [{ data: '1' }]);
    await count(1);
  });

  test('refuses a server that nobody vouches for, and one that goes by another name', async () => {
    const named = await start('DNS:redis.example');
    const url = `rediss://127.0.0.1:${named.port}`;

    expect(await complaint({ url })).toMatch(/self-signed|unable to verify|issuer/);
    expect(await complaint({ url, ca: named.ca })).toMatch(/does not match certificate/);
  });
});

test('gets by with the few commands, keys and channels that the decision record names', async () => {
  const record = readFileSync('docs/decisions/10-redis.md', 'utf8');
  const rules = /`on (~[^`]+)`/.exec(record)?.[1]?.split(' ') ?? [];
  const server = await startRedis();
  await ask(server, 'ACL', 'SETUSER', 'service', 'on', '>p@ss/w:rd', ...rules);
  await ask(server, 'ACL', 'SETUSER', 'default', 'off');
  const url = `redis://service:${encodeURIComponent('p@ss/w:rd')}@127.0.0.1:${server.port}`;
  const complaints: string[] = [];
  const { broker, count } = await connect({ url, onError: ({ message }) => complaints.push(message) });
  await broker.hold('x');
  const [first] = await broker.publish('x', [{ data: '1' }]);
  await broker.publish('x', [{ data: '2' }], { key: 'k', fingerprint: 'f' });
  await count(2);
  const page = await broker.replay(['x'], first?.position ?? 0, broker.here().position);
  broker.release('x');

  expect(page.events.map(({ data }) => data)).toEqual(['2']);
  expect(complaints).toEqual([]);
});

test('services in two databases of one server do not hear each other', async () => {
  const server = await startRedis();
  const one = await connect(`redis://127.0.0.1:${server.port}/0`);
  const two = await connect(`redis://127.0.0.1:${server.port}/1`);
  await Promise.all([one.broker.hold('x'), two.broker.hold('x')]);
  await one.broker.publish('x', [{ data: 'one' }]);
  await two.broker.publish('x', [{ data: 'two' }]);
  await Promise.all([one.count(1), two.count(1)]);
  await Promise.all([one.broker.catchUp(), two.broker.catchUp()]);

  expect([one.events, two.events].map((events) => events.map(({ data }) => data))).toEqual([['one'], ['two']]);
  expect([...one.gaps, ...two.gaps]).toEqual([]);
});

test('follows the primary that sentinels name, also when the old one hangs', async () => {
  const primary = await startRedis();
  await startCopy(primary);
  const sentinel = await startSentinel(primary);
  const { broker, count, events } = await connect(
    `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${sentinel.port}/mymaster`,
  );
  await broker.hold('x');
  await accepted(broker, 'x', '1');
  await count(1);
  // stopped, not dead: the connections to it stay, and nobody answers on them
  primary.signal('SIGSTOP');
  await accepted(broker, 'x', '2');
  await accepted(broker, 'x', '3');
  await count(3);
  await until(() => broker.connected);

  expect(events.map(({ data }) => data)).toEqual(['1', '2', '3']);
}, 40_000);

describe('with a cluster', () => {
  test('finds the node that owns the slot, from any node, and stays there when it hears', async () => {
    const nodes = await startCluster();
    const urls = nodes.map(({ port }) => `redis+cluster://127.0.0.1:${port}`);
    const [a, b, c] = await Promise.all(urls.map(connect));
    if (!a || !b || !c) throw new Error('three nodes were started');
    await Promise.all([a, b, c].map(({ broker }) => broker.hold('x')));
    for (const [index, { broker }] of [a, b, c].entries()) await broker.publish('x', [{ data: String(index) }]);
    await Promise.all([a, b, c].map(({ count }) => count(3)));

    expect(await ask(nodes[0] ?? { port: 0 }, 'CLUSTER', 'KEYSLOT', '{0}')).toBe(slot);
    expect(b.events).toEqual(a.events);
    expect(a.gaps).toEqual([]);
  }, 40_000);

  test('follows the slot to another node, with all that was published', async () => {
    const nodes = await startCluster();
    const { broker, count, events } = await connect(`redis+cluster://127.0.0.1:${nodes[0]?.port}`);
    await broker.hold('x');
    await accepted(broker, 'x', '1');
    await count(1);
    await moveSlot(nodes.map(({ port }) => port));
    await accepted(broker, 'x', '2');
    await count(2);
    await until(() => broker.connected);

    expect(events.map(({ data }) => data)).toEqual(['1', '2']);
  }, 40_000);
});

/** Hands our slot to a node that does not own it, with its keys, as an administrator would. */
async function moveSlot(ports: readonly number[]): Promise<void> {
  const ids = await Promise.all(ports.map(async (port) => String(await ask({ port }, 'CLUSTER', 'MYID'))));
  const ranges = (await ask({ port: ports[0] ?? 0 }, 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const from = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1] ?? 0;
  const to = ports.find((port) => port !== from) ?? 0;
  const idOf = (port: number): string => ids[ports.indexOf(port)] ?? '';
  await ask({ port: to }, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', idOf(from));
  await ask({ port: from }, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', idOf(to));
  for (;;) {
    const keys = (await ask({ port: from }, 'CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    if (keys.length === 0) break;
    await ask({ port: from }, 'MIGRATE', '127.0.0.1', to, '', 0, 5000, 'KEYS', ...keys);
  }
  for (const port of [to, from]) await ask({ port }, 'CLUSTER', 'SETSLOT', slot, 'NODE', idOf(to));
}
