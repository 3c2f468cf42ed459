import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { closeCrowds, openCrowd } from '../support/crowd.ts';
import { startNginx } from '../support/nginx.ts';
import { freePort, startProgram, stopPrograms } from '../support/programs.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Replica, type ReplicaOptions, startReplica } from '../support/replica.ts';
import { metric, publish } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What main.ts gives to what is left after the drain. */
const closeMs = 3000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterEach(() => {
  closeCrowds();
  closeStreams();
});
afterAll(stopPrograms);

const start = (name: string, policy: NonNullable<ReplicaOptions['policy']>): Promise<Replica> =>
  startReplica({ name, redisUrl: redis.url, policy });

/** Bytes on a connection of our own. */
async function dial(port: number, bytes: string): Promise<{ readonly socket: Socket; readonly text: () => string }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    text += piece.toString();
  });
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, text: () => text };
}

test('2,000 streams are handed over evenly in 10 seconds, each resumes elsewhere, and none loses an event', async () => {
  const streams = 2000;
  const seconds = 10;
  const policy = { maxStreams: 5000, connectRatePerSecond: 5000, drainSeconds: seconds };
  const [leaving, staying] = await Promise.all([start('leaving', policy), start('staying', policy)]);
  let port = leaving.port;
  const crowd = await openCrowd(streams, '/events?channel=a', () => port);
  port = staying.port;
  let published = 0;
  let stop = false;
  const publishing = (async () => {
    for (; !stop; published++) {
      await publish(staying.url, 'a', { data: published });
      await pause(150);
    }
  })();
  await crowd.all(({ received }) => received.length > 0);

  const began = performance.now();
  leaving.signal('SIGTERM');
  const exit = await leaving.exited;
  const took = performance.now() - began;
  stop = true;
  await publishing;
  // the last one to go may have had every event before it went
  await crowd.all(({ received, stream }) => received.length >= published && stream().startsWith('staying'));

  const goodbyes = crowd.members.flatMap((member) => member.goodbyes);
  const first = Math.min(...goodbyes.map(({ atMs }) => atMs));
  const perSecond = Array.from({ length: seconds }, () => 0);
  for (const { atMs } of goodbyes) {
    const second = Math.min(seconds - 1, Math.floor((atMs - first) / 1000));
    perSecond[second] = (perSecond[second] ?? 0) + 1;
  }
  const numbers = Array.from({ length: published }, (_, number) => String(number));

  expect(exit).toEqual({ code: 0, signal: null });
  expect(took).toBeLessThan(seconds * 1000 + closeMs);
  expect(goodbyes.map(({ reason }) => reason)).toEqual(Array.from({ length: streams }, () => 'drain'));
  for (const closes of perSecond) expect(Math.abs(closes - streams / seconds)).toBeLessThanOrEqual(40);
  for (const { received, goodbyes: told, gaps } of crowd.members) {
    expect(received).toEqual(numbers);
    expect(gaps).toEqual([]);
    expect(told[0]?.retryMs).toBeGreaterThan(0);
  }
}, 90_000);

test('nobody delays the exit: clients that do not read, idle connections, half a request, a store that is gone', async () => {
  const own = await startRedis();
  const replica = await startReplica({
    name: 'stuck',
    redisUrl: own.url,
    policy: { drainSeconds: 1, maxStreams: 1000, slowClientBytes: 10_485_760 },
  });
  const stuck = await Promise.all(Array.from({ length: 5 }, () => openStream(`${replica.url}/events?channel=a`)));
  await Promise.all(stuck.map((stream) => stream.event('stream:open')));
  for (const stream of stuck) stream.pause();
  for (let batch = 0; batch < 100; batch++) await publish(replica.url, 'a', { data: 'x'.repeat(60_000) });
  await dial(replica.port, '');
  await dial(replica.port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await dial(replica.port, 'GET /livez HTTP/1.1\r\nHo');
  await dial(replica.port, 'POST /channels/a/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
  own.signal('SIGSTOP');

  const began = performance.now();
  replica.signal('SIGTERM');
  expect(await replica.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(1000 + closeMs + 1000);
}, 60_000);

test('requests under way are answered, and connections that stay on are told to go', async () => {
  const replica = await start('answering', { drainSeconds: 2, maxStreams: 1000 });
  // streams for the whole window: a drain that has none left is over
  await openCrowd(20, '/events?channel=a', () => replica.port);
  const head =
    'POST /channels/a/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n';
  const [under, kept] = await Promise.all([
    dial(replica.port, `${head}{"dat`),
    dial(replica.port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'),
  ]);
  await once(kept.socket, 'data');
  replica.signal('SIGTERM');
  while ((await fetch(`${replica.url}/readyz`)).ok) await pause(20);
  const before = kept.text();
  kept.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(kept.socket, 'close');
  under.socket.write('a":1}');
  await once(under.socket, 'close');

  expect(before).toMatch(/^HTTP\/1.1 200.*connection: keep-alive/is);
  expect(kept.text().slice(before.length)).toMatch(/^HTTP\/1.1 200.*connection: close/is);
  expect(under.text()).toMatch(/^HTTP\/1.1 202.*connection: close/is);
  expect(await replica.exited).toEqual({ code: 0, signal: null });
}, 30_000);

test('a second signal does not wait', async () => {
  const replica = await start('twice', { drainSeconds: 30, maxStreams: 1000 });
  await openCrowd(50, '/events?channel=a', () => replica.port);
  replica.signal('SIGTERM');
  while ((await fetch(`${replica.url}/readyz`)).ok) await pause(20);
  const began = performance.now();
  replica.signal('SIGTERM');
  expect(await replica.exited).toEqual({ code: 1, signal: null });
  expect(performance.now() - began).toBeLessThan(5000);
}, 30_000);

test('a stop that comes while it starts, or while its store is away, ends it in good order', async () => {
  const port = await freePort();
  const env = { PORT: String(port), REDIS_URL: `redis://127.0.0.1:${await freePort()}`, SSE_POLICY: '' };
  for (const moment of [/Server listening/, /event store/]) {
    const service = startProgram(process.execPath, ['--import', 'tsx', 'service/main.ts'], env, root);
    await service.prints(moment);
    const began = performance.now();
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(5000);
  }
}, 30_000);

test('after a scale-out the streams’ age spreads them over all replicas', async () => {
  const policy = {
    maxStreams: 1000,
    retryMs: 1000,
    maxStreamAgeSeconds: 4,
    maxStreamAgeJitter: 0.5,
    stickiness: 'none',
  } as const;
  const second = await freePort();
  const first = await start('first', policy);
  const nginx = await startNginx([first.port, second]);
  const behind = Number(new URL(nginx.url).port);
  const crowd = await openCrowd(100, '/events?channel=a', () => behind);
  await crowd.all(({ stream }) => stream().startsWith('first'));
  const added = await startReplica({ name: 'added', redisUrl: redis.url, policy, port: second });
  const share = async (): Promise<number> => {
    const [old, young] = await Promise.all([first, added].map(({ url }) => metric(url, 'sse_streams_active')));
    return (young ?? 0) / ((old ?? 0) + (young ?? 0));
  };
  // half each, give or take
  while (!((await share()) > 0.35 && (await share()) < 0.65)) await pause(200);
}, 60_000);
