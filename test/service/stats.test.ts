import type { Stats } from '../../service/stats.ts';
import { poll } from '../support/poll.ts';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';
import { closeSockets, openSocket } from '../support/web-socket.ts';

afterEach(async () => {
  closeStreams();
  closeSockets();
  await stopServices();
});

const statsOf = async (url: string): Promise<Stats> => (await (await fetch(`${url}/stats`)).json()) as Stats;

test('statistics count streams by edge and group, and what happened to events', async () => {
  const { url } = await startService({ maxStreams: 5 }, { replica: 'one' });
  const { cursor } = await poll(url, 'channel=a');
  const streams = await Promise.all([
    openStream(`${url}/events?channel=a`),
    openStream(`${url}/events?channel=a`),
    openStream(`${url}/events?channel=a&envelope=1`),
  ]);
  const socket = await openSocket(`${url}/events/ws?channel=a&channel=b`);
  await Promise.all([...streams.map((stream) => stream.event('stream:open')), socket.message('stream:open')]);
  void poll(url, `channel=c&cursor=${cursor}&wait=30`).catch(() => {});
  while ((await metric(url, 'sse_streams_active')) < 5);
  await openStream(`${url}/events?channel=a`);
  await publish(url, 'a', [{ data: 1 }, { data: 2 }]);
  await Promise.all([...streams.map((stream) => stream.data(2)), socket.data(2)]);
  const stats = await statsOf(url);

  expect(stats).toMatchObject({
    replica: 'one',
    pids: [process.pid],
    draining: false,
    brokerConnected: true,
    streams: { active: { sse: 3, webSocket: 1, poll: 1 }, opened: 5, slow: 0 },
    events: { published: 2, delivered: 8, replayed: 0 },
    softFails: { limit: 1 },
    policy: { maxStreams: 5 },
  });
  expect(stats.groups.count).toBe(4);
  expect(stats.groups.largest[0]).toEqual({ channels: ['a'], edge: 'sse', streams: 2 });
  expect(stats.groups.largest).toContainEqual({ channels: ['a', 'b'], edge: 'webSocket', streams: 1 });
  expect(stats.memory.rssBytes).toBeGreaterThan(1_000_000);
  expect(stats.eventLoopLagMs.p99).toBeGreaterThanOrEqual(0);
});

test('statistics are for nobody to keep', async () => {
  const { url } = await startService();
  expect((await fetch(`${url}/stats`)).headers.get('cache-control')).toBe('no-store');
});
