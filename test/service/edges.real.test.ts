import { type Edge, edges } from '../support/edges.ts';
import { poll } from '../support/poll.ts';
import { sharedRedis, startRedis } from '../support/redis.ts';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';
import { closeSockets, openSocket, type Refused } from '../support/web-socket.ts';

const redis = sharedRedis();
afterEach(async () => {
  closeStreams();
  closeSockets();
  await stopServices();
});

const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The URLs of two replicas of one store. */
async function pair(): Promise<readonly [string, string]> {
  const services = await Promise.all(
    ['one', 'two'].map((replica) => startService({}, { redisUrl: redis.server.url, replica })),
  );
  const [one = '', two = ''] = services.map(({ url }) => url);
  for (const url of [one, two]) while (!(await isReady(url))) await pause(20);
  return [one, two];
}

test('a client that changes edge and replica has every event once and in order, while events are published', async () => {
  const [one, two] = await pair();
  const visitor = { query: 'channel=a&channel=b', cursor: undefined };
  // three clients that begin on different edges and each take another way
  const names = Object.keys(edges) as Edge[];
  const begun = await Promise.all(names.map((name) => edges[name]({ ...visitor, url: one, events: 0 })));
  const total = 400;
  const publishing = (async () => {
    for (let data = 0; data < total; data++) await publish(data % 3 === 0 ? one : two, data % 2 ? 'a' : 'b', { data });
  })();
  const clients = begun.map(async ({ cursor: from }, client) => {
    const received: unknown[] = [];
    for (let cursor = from, visits = client; received.length < total; visits++) {
      const edge = edges[names[visits % names.length] as Edge];
      const events = Math.min(1 + ((visits * 7) % 23), total - received.length);
      const visit = await edge({ ...visitor, url: visits % 2 ? one : two, cursor, events });
      expect(visit.gap).toBe(false);
      received.push(...visit.data);
      cursor = visit.cursor;
    }
    return received;
  });
  await publishing;
  for (const received of await Promise.all(clients))
    expect(received).toEqual(Array.from({ length: total }, (_, index) => index));
}, 60_000);

test('a filter is changed on whichever replica holds the stream, and nothing is lost or repeated around it', async () => {
  const [one, two] = await pair();
  const stream = await openStream(`${one}/events?channel=a&type=n`);
  const { stream: id } = JSON.parse((await stream.event('stream:open')).data) as { stream: string };
  const retype = (url: string, name: string, types: readonly string[]): Promise<Response> =>
    fetch(`${url}/streams/${name}/types`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ types }),
    });
  const total = 200;
  const publishing = (async () => {
    for (let data = 0; data < total; data++) await publish(two, 'a', { type: 'n', data });
  })();
  for (const types of [['n', 'm'], [], ['n']]) expect((await retype(two, id, types)).status).toBe(204);
  await publishing;
  expect(await stream.data(total)).toEqual(Array.from({ length: total }, (_, index) => index));
  await publish(two, 'a', { type: 'm', data: 'held back' });
  expect((await retype(two, id, [])).status).toBe(204);
  await publish(two, 'a', { type: 'm', data: 'let through' });
  expect((await stream.data(total + 1)).at(-1)).toBe('let through');
  expect((await retype(two, 'one-zz', [])).status).toBe(404);
}, 30_000);

test('a first poll begins where the store stands, whatever this replica has heard of', async () => {
  const [one, two] = await pair();
  for (let round = 0; round < 20; round++) {
    await publish(two, 'a', { data: 'before' });
    const { cursor } = await poll(one, 'channel=a');
    await publish(two, 'a', { data: 'after' });
    expect((await poll(one, `channel=a&cursor=${cursor}&wait=5`)).events.map(({ data }) => data)).toEqual(['after']);
  }
});

test('while the store is away the edges say when to come back, and those that wait are not left without an answer', async () => {
  const own = await startRedis();
  const { url } = await startService({}, { redisUrl: own.url });
  while (!(await isReady(url))) await pause(20);
  const { cursor } = await poll(url, 'channel=a');
  const waiting = poll(url, `channel=a&cursor=${cursor}&wait=3`);
  const socket = await openSocket(`${url}/events/ws?channel=a`);
  await socket.message('stream:open');
  while ((await metric(url, 'sse_streams_active')) < 2);
  own.signal('SIGKILL');
  await own.exited;
  while (await isReady(url)) await pause(20);
  const refused = await openSocket(`${url}/events/ws?channel=a`).catch((error: Refused) => error);
  const retyped = await fetch(`${url}/streams/x-1/types`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"types":[]}',
  });

  expect(await poll(url, `channel=a&cursor=${cursor}`)).toMatchObject({ status: 503, detail: expect.any(String) });
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
  expect([retyped.status, retyped.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect(await waiting).toMatchObject({ status: 200, events: [] });
  expect(socket.socket.readyState).toBe(socket.socket.OPEN);
}, 20_000);
