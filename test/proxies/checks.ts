import { createServer } from 'node:http';
import { definePolicy, retryBoundsMs } from '../../lib/policy/index.ts';
import { Client, median, upTo } from '../support/event-source.ts';
import type { Replica } from '../support/replica.ts';
import { post, publish, startService } from '../support/service.ts';
import { openHttp2Stream, openStream, resumeFrom } from '../support/stream.ts';
import { gatherCrowd } from './crowd.ts';
import type { Mutation, ProxyDriver, Way } from './driver.ts';
import { eventually, origin, policy, type Stage } from './stage.ts';

const urlOf = ({ proxy, channel }: Stage): string => `${proxy.url}/events?channel=${channel}`;

const ends = new Set<() => void>();

/** What has to end with the check, however that goes. */
const cleanUp = (end: () => void): void => void ends.add(end);

/** For `afterEach`. */
export function endCheck(): void {
  for (const end of ends) end();
  ends.clear();
}

async function openClient(url: string): Promise<Client> {
  const client = await Client.open(url);
  cleanUp(() => client.close());
  return client;
}

/** Publishes numbers one after the other until told to stop, and says how many were accepted. */
function keepPublishing(url: string, channel: string): { readonly stop: () => Promise<number> } {
  let next = 0;
  let stopped = false;
  cleanUp(() => {
    stopped = true;
  });
  const publishing = (async () => {
    while (!stopped) await publish(url, channel, { data: { number: next++, at: performance.now() } });
  })();
  return {
    stop: async () => {
      stopped = true;
      await publishing;
      return next;
    },
  };
}

const rounds = 7;

/** Headers and each event within 100 ms at the median, over every way in, whatever encodings a client would take. */
export async function promptness(stage: Stage): Promise<void> {
  for (const way of stage.proxy.ways) {
    for (const encodings of [undefined, 'gzip, deflate, br, zstd']) {
      const { opened, arrived } = await delays(stage, way, encodings);
      expect({ way: way.name, encodings, opened: opened < 100 || opened }).toEqual({
        way: way.name,
        encodings,
        opened: true,
      });
      expect({ way: way.name, encodings, arrived: arrived < 100 || arrived }).toEqual({
        way: way.name,
        encodings,
        arrived: true,
      });
    }
  }
}

async function delays({ cast, channel }: Stage, way: Way, encodings: string | undefined) {
  const open = way.http2 ? openHttp2Stream : openStream;
  const opened: number[] = [];
  const arrived: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const stream = await open(`${way.url}/events?channel=${channel}`, {
      ...(encodings !== undefined && { 'accept-encoding': encodings }),
    });
    await stream.event('stream:open');
    opened.push(performance.now() - began);
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream' });
    expect(stream.headers).not.toHaveProperty('content-encoding');
    const published = performance.now();
    await publish(cast.any().url, channel, { data: round });
    // this one and no other: a stream that is shared would bring what an earlier client has had
    expect(await stream.data(1)).toEqual([round]);
    arrived.push(performance.now() - published);
    stream.close();
  }
  return { opened: median(opened), arrived: median(arrived) };
}

const idleSeconds = 3;

/** A stream of heartbeats alone outlives three idle timers, and one of silence does not outlive its first. */
export async function silence(driver: ProxyDriver, mutate?: Mutation): Promise<void> {
  const quick = { ...policy, idleSeconds };
  const beating = await startService({ ...policy, heartbeatSeconds: 1, maxStreams: 1000 });
  const port = Number(new URL(beating.url).port);
  const silent = await startSilentReplica();
  cleanUp(silent.close);
  const [first, second] = await Promise.all([
    driver.start([port, port], quick, mutate),
    driver.start([silent.port, silent.port], quick, mutate),
  ]);
  const quiet = await openStream(`${first.url}/events?channel=quiet`);
  const mute = await openStream(`${second.url}/events?channel=mute`);
  const began = performance.now();
  const cutAfter = mute.ended.then(() => (performance.now() - began) / 1000);
  await quiet.until(() => quiet.comments.length > 3 * idleSeconds);

  expect(quiet.events.map(({ event }) => event)).toEqual(['stream:open']);
  expect(await cutAfter).toBeGreaterThan(idleSeconds - 1);
  expect(await cutAfter).toBeLessThan(2 * idleSeconds + 1);
}

/** Healthy, and says nothing after the head of a stream. */
function startSilentReplica(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
    if (request.url?.startsWith('/events')) response.write(': here\n\n');
    else response.end();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ port: typeof address === 'object' && address ? address.port : 0, close });
    });
  });
}

/** The replica that holds a stream is killed while publishing goes on: the other one carries on, exactly once. */
export async function resume(stage: Stage): Promise<void> {
  const { cast, channel } = stage;
  const client = await openClient(urlOf(stage));
  const victim = cast.holderOf(client.holder());
  const publishing = keepPublishing(cast.otherThan(victim).url, channel);
  await client.numbers(20);
  await cast.end(victim, 'SIGKILL');
  await client.reopened(1);
  await client.numbers(client.received().length + 20);
  const published = await publishing.stop();
  await client.numbers(published);

  expect(client.received()).toEqual(upTo(published));
  expect(client.gaps).toEqual([]);
  expect(cast.holderOf(client.holder())).toBe(cast.otherThan(victim));
}

/** A draining replica gets no new streams, and those it had go to the other one. */
export async function drain(stage: Stage): Promise<void> {
  const { cast } = stage;
  const client = await openClient(urlOf(stage));
  const leaving = cast.holderOf(client.holder());
  leaving.signal('SIGTERM');
  await eventually(async () => (await fetch(`${leaving.url}/readyz`).catch(() => undefined))?.status !== 200);
  if (stage.proxy.noticesDrainsLate) await eventually(() => holdsNewStreams(stage, cast.otherThan(leaving)));
  const late = await Promise.all(upTo(10).map(() => openStream(urlOf(stage))));
  const opened = await Promise.all(late.map((stream) => stream.event('stream:open')));
  await client.reopened(1);
  await leaving.exited;

  expect(opened.map(({ data }) => cast.holderOf(JSON.parse(data).stream))).toEqual(
    late.map(() => cast.otherThan(leaving)),
  );
  expect(client.closes).toContainEqual({ reason: 'drain' });
}

/** Ten streams are asked for, and this replica has all of them. */
async function holdsNewStreams(stage: Stage, replica: Replica): Promise<boolean> {
  const streams = await Promise.all(upTo(10).map(() => openStream(urlOf(stage))));
  const opened = await Promise.all(streams.map((stream) => stream.event('stream:open').catch(() => undefined)));
  for (const stream of streams) stream.close();
  return opened.every((event) => event && stage.cast.holderOf(JSON.parse(event.data).stream) === replica);
}

/** No replica is left: an EventSource is told softly when to come back, everybody else hears the truth. */
export async function outage(stage: Stage): Promise<void> {
  const { cast, channel, proxy } = stage;
  const client = await openClient(urlOf(stage));
  for (const number of upTo(10)) await publish(cast.any().url, channel, { data: { number, at: 0 } });
  await client.numbers(10);
  await cast.endAll();
  const refused = await Promise.all(
    upTo(20).map(() => openStream(`${urlOf(stage)}&token=secret-token`, resumeFrom('a-cursor'))),
  );
  await Promise.all(refused.map(({ ended }) => ended));
  const fresh = await openStream(urlOf(stage), {
    cookie: 'session=secret-cookie',
    authorization: 'Bearer secret-bearer',
  });
  await fresh.ended;
  const page = await fetch(`${proxy.url}/events?channel=a&ticket=secret-ticket`, {
    headers: { accept: 'application/json' },
  });
  const publishing = await post(proxy.url, channel, { data: 1 });
  await cast.restore();
  await publish(cast.any().url, channel, { data: { number: 10, at: 0 } });
  await client.reopened(1);
  await client.numbers(11);

  expect(client.received()).toEqual(upTo(11));
  for (const one of [...refused, fresh]) {
    expect(one.status).toBe(200);
    expect(one.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-sse-soft-fail': 'upstream' });
  }
  for (const one of refused) expect(one.text()).toMatch(/^retry: \d+\nid: a-cursor\n\n+$/);
  expect(fresh.text()).toMatch(/^retry: \d+\n+$/);
  const retries = refused.flatMap((one) => one.retries);
  const { least, most } = retryBoundsMs(policy);
  expect(Math.min(...retries)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...retries)).toBeLessThanOrEqual(most);
  expect(new Set(retries).size).toBeGreaterThan(3);
  expect([page.status, publishing.status]).toEqual([503, 503]);
  expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(proxy.log?.() ?? '').not.toContain('secret');
}

/** A reload while events flow loses none of them, and new streams are welcome at once. */
export async function reload(stage: Stage): Promise<void> {
  const { cast, channel, proxy } = stage;
  const client = await openClient(urlOf(stage));
  const publishing = keepPublishing(cast.any().url, channel);
  await client.numbers(20);
  await proxy.reload();
  await openClient(urlOf(stage));
  await client.numbers(client.received().length + 100);
  const published = await publishing.stop();
  await client.numbers(published);

  expect(client.received()).toEqual(upTo(published));
  expect(client.gaps).toEqual([]);
}

const many = 5000;

/** One event to five thousand streams: each has it, once. */
export async function crowd(stage: Stage): Promise<void> {
  const gathered = await gatherCrowd(urlOf(stage), many);
  cleanUp(gathered.close);
  await publish(stage.proxy.url, stage.channel, { data: 'to-everybody' });
  await publish(stage.proxy.url, stage.channel, { data: 'and-that-was-all' });
  await gathered.all('and-that-was-all');
  const counts = gathered.counts('to-everybody');

  expect(counts.filter((count) => count !== 1)).toEqual([]);
  expect(counts).toHaveLength(many);
}

/** A client that leaves is gone from the service within two seconds. */
export async function leaving(stage: Stage): Promise<void> {
  const { cast, channel, proxy } = stage;
  const took: Record<string, number> = {};
  for (const { name, url, http2, noticesLeaversLate } of proxy.ways) {
    await eventually(async () => {
      await publish(cast.any().url, channel, { data: 'for those who have left' });
      return (await cast.streams()) === 0;
    });
    const stream = await (http2 ? openHttp2Stream : openStream)(`${url}/events?channel=${channel}`);
    await stream.event('stream:open');
    expect(await cast.streams()).toBe(1);
    const began = performance.now();
    stream.close();
    await eventually(async () => {
      // where only a write tells, something is written
      if (noticesLeaversLate) await publish(cast.any().url, channel, { data: 1 });
      return (await cast.streams()) === 0;
    });
    took[name] = performance.now() - began;
  }

  expect(Object.entries(took).filter(([, ms]) => ms >= 2000)).toEqual([]);
}

/** Publishing goes through the same proxy while streams are open, and so do the headers that streams need. */
export async function publishing(stage: Stage): Promise<void> {
  const { channel, proxy } = stage;
  const headers = { origin, cookie: 'session=secret-cookie', authorization: 'Bearer secret-bearer' };
  const streams = await Promise.all(upTo(8).map(() => openStream(`${urlOf(stage)}&token=secret-token`, headers)));
  const ids = [];
  for (const number of upTo(10)) ids.push(...(await publish(proxy.url, channel, { data: number })));
  const received = await Promise.all(streams.map((stream) => stream.data(10)));
  const resumed = await openStream(urlOf(stage), resumeFrom(ids[4]));
  const replayed = await resumed.data(5);
  const preflight = await fetch(urlOf(stage), {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'last-event-id' },
  });

  expect(received).toEqual(streams.map(() => upTo(10)));
  expect(replayed).toEqual([5, 6, 7, 8, 9]);
  for (const stream of streams) expect(stream.headers['access-control-allow-origin']).toBe(origin);
  expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('last-event-id');
  for (const stream of [...streams, resumed]) stream.close();
  // a stream is logged when it has ended; its line begins with how it was asked for
  const logged = (): number => (proxy.log?.() ?? '').split('GET /events').length - 1;
  await eventually(async () => {
    await publish(proxy.url, channel, { data: 'for those who have left' });
    return proxy.log === undefined || logged() > streams.length;
  });
  expect(proxy.log?.() ?? '').not.toContain('secret');
}

/** The proxy's own validator finds nothing to complain of, with the default policy either. */
export async function validity(driver: ProxyDriver): Promise<void> {
  await driver.validate(policy);
  await driver.validate(definePolicy());
}

/** Both replicas get streams: a proxy needs a moment until it trusts one again that was gone. */
export async function bothInRotation({ cast, proxy, channel }: Stage): Promise<void> {
  const held = new Set<string>();
  await eventually(async () => {
    const stream = await openStream(`${proxy.url}/events?channel=${channel}`);
    const opened = await Promise.race([stream.event('stream:open').catch(() => undefined), stream.ended]);
    if (opened) held.add(cast.holderOf(JSON.parse(opened.data).stream).name);
    return held.size === 2;
  });
}
