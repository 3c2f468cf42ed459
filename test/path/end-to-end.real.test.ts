import { readFileSync } from 'node:fs';
import type { StreamPolicy } from '../../lib/policy/index.ts';
import { Client, median, upTo } from '../support/event-source.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { poll } from '../support/poll.ts';
import { newer, stopPrograms } from '../support/programs.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Replica, startReplica } from '../support/replica.ts';
import { publish } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';
import { closeSockets, openSocket } from '../support/web-socket.ts';

/** The shipped path with nothing mocked: EventSource → nginx/ → two replicas → Redis. */
describe.each([
  ['the nginx of the machine', 'nginx'],
  ['a newer nginx', newer('nginx')],
])('the whole path with %s', (_, command) => {
  const policy: Partial<StreamPolicy> = { retryMs: 1000, maxStreams: 1000, heartbeatSeconds: 2 };
  let redis: RedisServer;
  let replicas: Replica[];
  let nginx: Nginx;
  let channel: string;
  let client: Client | undefined;
  let channels = 0;

  const start = (index: number, port?: number): Promise<Replica> =>
    startReplica({ name: `replica${index}`, redisUrl: redis.url, policy, ...(port !== undefined && { port }) });
  const replica = (index: number): Replica => replicas[index] as Replica;
  const other = (one: Replica): Replica => (one === replica(0) ? replica(1) : replica(0));
  const holder = (stream: Client): Replica => replicas.find(({ name }) => stream.holder().startsWith(name)) as Replica;

  beforeAll(async () => {
    redis = await startRedis();
    replicas = await Promise.all([start(0), start(1)]);
    nginx = await startNginx(
      replicas.map(({ port }) => port),
      { command },
    );
  }, 30_000);
  beforeEach(() => {
    channel = `channel${channels++}`;
  });
  afterEach(() => {
    client?.close();
    closeStreams();
    closeSockets();
  });
  afterAll(stopPrograms);

  /** Publishes numbers one after the other until told to stop, and says how many were accepted. */
  function keepPublishing(to: () => string, from = 0): { readonly stop: () => Promise<number> } {
    let next = from;
    let stopped = false;
    const publishing = (async () => {
      while (!stopped) await publish(to(), channel, { data: { number: next++, at: performance.now() } });
    })();
    return {
      stop: async () => {
        stopped = true;
        await publishing;
        return next;
      },
    };
  }

  test('carries the fallbacks too: a WebSocket, a long poll and the diagnostics', async () => {
    const page = { origin: nginx.url };
    const socket = await openSocket(`${nginx.url}/events/ws?channel=${channel}`, page);
    const { cursor } = await poll(nginx.url, `channel=${channel}`);
    const polled = poll(nginx.url, `channel=${channel}&cursor=${cursor}&wait=30`);
    await publish(nginx.url, channel, { data: 'both' });
    const ticks = await openStream(`${nginx.url}/diagnostics/stream?interval=0.1&count=3`);
    await ticks.ended;

    expect(await socket.data(1)).toEqual(['both']);
    expect((await polled).events).toMatchObject([{ channel, data: 'both' }]);
    expect(ticks.events.filter(({ event }) => event === 'tick')).toHaveLength(3);
  });

  test('carries an event from one replica through the other to an EventSource, within 100 ms at the median', async () => {
    const firstBytes: number[] = [];
    for (let opened = 0; opened < 11; opened++) {
      const began = performance.now();
      const stream = await openStream(`${nginx.url}/events?channel=${channel}`);
      await stream.until(() => stream.text() !== '');
      firstBytes.push(performance.now() - began);
      expect(stream.headers['content-type']).toBe('text/event-stream');
    }
    client = await Client.open(`${nginx.url}/events?channel=${channel}`);
    for (let number = 0; number < 50; number++)
      await publish(other(holder(client)).url, channel, { data: { number, at: performance.now() } });
    await client.numbers(50);

    expect(client.received()).toEqual(upTo(50));
    expect(median(firstBytes)).toBeLessThan(100);
    expect(median(client.delaysMs())).toBeLessThan(100);
  });

  test('loses and repeats nothing when the replica that holds the stream is killed while publishing goes on', async () => {
    client = await Client.open(`${nginx.url}/events?channel=${channel}`);
    const victim = holder(client);
    const publishing = keepPublishing(() => other(victim).url);
    await client.numbers(20);
    victim.signal('SIGKILL');
    await client.reopened(1);
    await client.numbers(client.received().length + 20);
    const published = await publishing.stop();
    await client.numbers(published);

    expect(client.received()).toEqual(upTo(published));
    expect(client.gaps).toEqual([]);
    expect(holder(client)).toBe(other(victim));
    replicas[replicas.indexOf(victim)] = await start(replicas.indexOf(victim), victim.port);
  }, 30_000);

  test('survives five seconds without any replica on the soft-fail, and resumes', async () => {
    client = await Client.open(`${nginx.url}/events?channel=${channel}`);
    for (let number = 0; number < 10; number++) await publish(nginx.url, channel, { data: { number, at: 0 } });
    await client.numbers(10);
    const ports = replicas.map(({ port }) => port);
    for (const one of replicas) one.signal('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const refused = await openStream(`${nginx.url}/events?channel=${channel}`, { 'last-event-id': 'a-cursor' });
    const plain = await fetch(`${nginx.url}/events?channel=${channel}&token=secret`, {
      headers: { accept: 'application/json' },
    });
    replicas = await Promise.all([start(0, ports[0]), start(1, ports[1])]);
    await publish(replica(0).url, channel, { data: { number: 10, at: 0 } });
    await client.reopened(1);
    await client.numbers(11);

    expect(client.received()).toEqual(upTo(11));
    expect(refused.status).toBe(200);
    expect(refused.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-sse-soft-fail': 'upstream' });
    await refused.ended;
    expect(refused.text()).toMatch(/^retry: \d{4}\nid: a-cursor\n\n$/);
    expect(plain.status).toBe(503);
    expect(Number(plain.headers.get('retry-after'))).toBeGreaterThan(0);
    const log = readFileSync(nginx.accessLog, 'utf8');
    expect(log).toContain('soft_fail=upstream');
    expect(log).not.toContain('secret');
  }, 60_000);

  test('loses and repeats nothing when nginx reloads under load', async () => {
    client = await Client.open(`${nginx.url}/events?channel=${channel}`);
    // straight to a replica: a kept-alive connection may be closed by the old worker just as a publish is sent on it
    const publishing = keepPublishing(() => replica(0).url);
    await client.numbers(20);
    await nginx.reload();
    await client.numbers(client.received().length + 100);
    const late = await Client.open(`${nginx.url}/events?channel=${channel}`);
    const published = await publishing.stop();
    await client.numbers(published);

    expect(client.received()).toEqual(upTo(published));
    expect(client.gaps).toEqual([]);
    late.close();
  }, 30_000);

  test('hands a draining replica’s streams to the other one before it exits', async () => {
    client = await Client.open(`${nginx.url}/events?channel=${channel}`);
    const leaving = holder(client);
    const publishing = keepPublishing(() => other(leaving).url);
    await client.numbers(20);
    leaving.signal('SIGTERM');
    await client.reopened(1);
    const published = await publishing.stop();
    await client.numbers(published);

    expect(client.received()).toEqual(upTo(published));
    expect(client.closes).toContainEqual({ reason: 'drain' });
    expect(holder(client)).toBe(other(leaving));
    expect(await leaving.exited).toEqual({ code: 0, signal: null });
  }, 60_000);
});
