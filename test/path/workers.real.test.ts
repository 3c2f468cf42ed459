import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { closeCrowds, openCrowd } from '../support/crowd.ts';
import { startProgram, stopPrograms } from '../support/programs.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Replica, startReplica } from '../support/replica.ts';
import { metric, publish } from '../support/service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterEach(closeCrowds);
afterAll(stopPrograms);

const policy = { maxStreams: 1000, drainSeconds: 2 };

/** A replica of two processes, both listening. */
async function startTwo(name: string): Promise<Replica> {
  const replica = await startReplica({ name, redisUrl: redis.url, policy, env: { WORKERS: '2' } });
  while (workersOf(replica).length < 2) await pause(20);
  return replica;
}

/** Their process ids as the primary tells them, in the order in which they began to listen. */
const workersOf = (replica: Replica): number[] =>
  [...replica.output().matchAll(/"slot":\d+,"pid":(\d+),"msg":"worker is listening"/g)].map(([, pid]) => Number(pid));

const numbers = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number));
/** The worker that holds a stream is part of its id. */
const holderOf = (stream: string): string => stream.slice(0, stream.lastIndexOf('-'));

test('two processes behind one port serve alike, hear each other’s events and count together', async () => {
  const replica = await startTwo('pair');
  const crowd = await openCrowd(40, '/events?channel=a', () => replica.port);
  for (const number of numbers(20)) await publish(replica.url, 'a', { data: Number(number) });
  await crowd.all(({ received }) => received.length >= 20);

  const holders = crowd.members.map(({ stream }) => holderOf(stream()));
  expect([...new Set(holders)].sort()).toEqual(['pair.0', 'pair.1']);
  for (const { received } of crowd.members) expect(received).toEqual(numbers(20));
  for (const _ of numbers(4)) {
    expect(await metric(replica.url, 'sse_streams_active')).toBe(40);
    expect(await metric(replica.url, 'sse_streams_opened_total')).toBe(40);
    expect(await metric(replica.url, 'sse_events_published_total')).toBe(20);
    expect(await metric(replica.url, 'sse_events_delivered_total')).toBe(800);
    expect(await metric(replica.url, 'sse_broker_connected')).toBe(1);
  }
  expect(await (await fetch(`${replica.url}/stats`)).json()).toMatchObject({
    pids: { length: 2 },
    streams: { active: { sse: 40 }, opened: 40 },
    events: { published: 20, delivered: 800 },
    groups: { largest: [{ channels: ['a'] }, { channels: ['a'] }] },
  });
}, 60_000);

test('a process that is killed is followed by another, and its streams resume without a loss', async () => {
  const replica = await startTwo('mended');
  const crowd = await openCrowd(40, '/events?channel=b', () => replica.port);
  let published = 0;
  let stop = false;
  const publishing = (async () => {
    while (!stop) {
      // a connection to the process that dies is cut, and with it the answer: ask for no more than one try
      await publish(replica.url, 'b', { data: published }).then(
        () => published++,
        () => pause(50),
      );
      await pause(10);
    }
  })();
  await crowd.all(({ received }) => received.length > 3);
  const [first] = workersOf(replica);
  process.kill(first as number, 'SIGKILL');
  while (workersOf(replica).length < 3) await pause(20);
  await crowd.all(({ received }) => Number(received.at(-1)) > 30);
  stop = true;
  await publishing;
  await crowd.all(({ received }) => Number(received.at(-1)) === published - 1);

  for (const { received, gaps } of crowd.members) {
    expect(gaps).toEqual([]);
    // a publish whose answer was cut off has been tried again with the same number
    expect([...new Set(received)]).toEqual(numbers(published));
    expect(received.length).toBeLessThanOrEqual(published + 3);
  }
  expect(replica.output()).toMatch(/"signal":"SIGKILL".*"msg":"worker died"/);
}, 60_000);

test('SIGTERM hands the streams of all processes over evenly, and the replica exits with 0', async () => {
  const [leaving, staying] = await Promise.all([startTwo('leaving'), startTwo('staying')]);
  let port = leaving.port;
  const crowd = await openCrowd(100, '/events?channel=c', () => port);
  port = staying.port;
  const began = performance.now();
  leaving.signal('SIGTERM');

  expect(await leaving.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(2000 + 4000);
  await crowd.all(({ stream }) => stream().startsWith('staying'));
  const goodbyes = crowd.members.flatMap((member) => member.goodbyes.map(({ atMs, reason }) => ({ atMs, reason })));
  const half = goodbyes.filter(({ atMs }) => atMs - began < 1000).length;
  expect(goodbyes.map(({ reason }) => reason)).toEqual(Array.from({ length: 100 }, () => 'drain'));
  expect(half).toBeGreaterThan(30);
  expect(half).toBeLessThan(70);
}, 60_000);

test('a signal to the whole group counts once; a second one does not wait', async () => {
  const [group, twice] = await Promise.all([startTwo('group'), startTwo('twice')]);
  process.kill(-group.pid, 'SIGINT');
  expect(await group.exited).toEqual({ code: 0, signal: null });

  await openCrowd(50, '/events?channel=d', () => twice.port);
  twice.signal('SIGTERM');
  while ((await fetch(`${twice.url}/readyz`)).ok) await pause(20);
  twice.signal('SIGTERM');
  expect(await twice.exited).toEqual({ code: 1, signal: null });
  // nobody is left to answer
  while (
    await fetch(`${twice.url}/livez`).then(
      () => true,
      () => false,
    )
  )
    await pause(20);
}, 60_000);

test('what keeps all processes from listening ends the replica with its reason', async () => {
  const taken = new URL(redis.url).port;
  const service = startProgram(
    process.execPath,
    ['--import', 'tsx', 'service/main.ts'],
    { PORT: taken, WORKERS: '2', REDIS_URL: redis.url },
    root,
  );
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.output()).toContain('EADDRINUSE');
}, 30_000);
