import { upTo } from '../../support/event-source.ts';
import { poll } from '../../support/poll.ts';
import { publish } from '../../support/service.ts';
import { openStream, resumeFrom } from '../../support/stream.ts';
import { openSocket } from '../../support/web-socket.ts';
import { eventually, origin, type Stage } from '../stage.ts';
import { gatherCrowd } from './gather-crowd.ts';
import { cleanUp, type Figures, inTime, openBy, urlOf } from './tools.ts';

/** Publishing goes through the same proxy while streams are open, and so do the headers that streams need. */
export async function publishing(stage: Stage): Promise<void> {
  const { channel, proxy } = stage;
  const headers = { origin, cookie: 'session=secret-cookie', authorization: 'Bearer secret-bearer' };
  const streams = await Promise.all(upTo(8).map(() => openStream(`${urlOf(stage)}&token=secret-token`, headers)));
  const ids = [];
  for (const number of upTo(10)) ids.push(...(await publish(proxy.url, channel, { data: number })));
  const received = await inTime(Promise.all(streams.map((stream) => stream.data(10))), 'what was published');
  const resumed = await openStream(urlOf(stage), resumeFrom(ids[4]));
  const replayed = await inTime(resumed.data(5), 'what came after the Last-Event-ID');
  const preflight = await fetch(urlOf(stage), {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'last-event-id' },
  });

  expect(received).toEqual(streams.map(() => upTo(10)));
  expect(replayed).toEqual([5, 6, 7, 8, 9]);
  // the last one is for a proxy further out
  const wanted = { 'access-control-allow-origin': origin, 'x-accel-buffering': 'no' };
  for (const stream of streams) expect(stream.headers).toMatchObject(wanted);
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

/** A WebSocket, a long poll and the stream for diagnoses, where an event stream cannot be had. */
export async function fallbacks({ proxy: { url }, channel }: Stage): Promise<void> {
  // of the page that the service itself has: Host and port have to arrive as they were
  const socket = await inTime(openSocket(`${url}/events/ws?channel=${channel}`, { origin: url }), 'a WebSocket');
  cleanUp(() => socket.socket.terminate());
  const { cursor } = await poll(url, `channel=${channel}`, { headers: { origin } });
  const polled = poll(url, `channel=${channel}&cursor=${cursor}&wait=30`, { headers: { origin } });
  await publish(url, channel, { data: 'both' });
  const ticks = await openStream(`${url}/diagnostics/stream?interval=0.1&count=3`);
  await inTime(ticks.ended, 'the end of a diagnosis');

  expect(await inTime(socket.data(1), 'an event for the WebSocket')).toEqual(['both']);
  const answer = await inTime(polled, 'an event for the long poll');
  expect(answer.events).toMatchObject([{ channel, data: 'both' }]);
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
  expect(ticks.events.filter(({ event }) => event === 'tick')).toHaveLength(3);
}

/** A client that leaves is gone from the service within two seconds. */
export async function leaving({ cast, channel, proxy }: Stage): Promise<Figures> {
  const took: Record<string, number> = {};
  // the program that speaks HTTP/3 here leaves only when it is written to
  for (const way of proxy.ways.filter(({ http3 }) => !http3)) {
    const nobody = async (): Promise<boolean> => (await cast.streams()) === 0;
    const told = async (): Promise<void> => void (await publish(cast.any().url, channel, { data: 'anybody?' }));
    await eventually(async () => {
      await told();
      return nobody();
    });
    const stream = await openBy(way, `/events?channel=${channel}`);
    await stream.event('stream:open');
    expect(await cast.streams()).toBe(1);
    const began = performance.now();
    stream.close();
    const gone = eventually(async () => {
      // where only a write tells, something is written
      if (way.noticesLeaversLate) await told();
      return nobody();
    });
    await inTime(gone, `${way.name}: the service is told that a client has left`, 2);
    took[`${way.name}: gone after (ms)`] = performance.now() - began;
  }
  return took;
}

const many = 5000;

/** One event to five thousand streams: each has it, once. */
export async function crowd(stage: Stage): Promise<Figures> {
  const began = performance.now();
  const gathered = await inTime(gatherCrowd(urlOf(stage), many), 'five thousand streams', 40);
  cleanUp(gathered.close);
  const published = performance.now();
  await publish(stage.proxy.url, stage.channel, { data: 'to-everybody' });
  await gathered.all('to-everybody');
  const arrived = performance.now();
  await publish(stage.proxy.url, stage.channel, { data: 'and-that-was-all' });
  await gathered.all('and-that-was-all');
  const counts = gathered.counts('to-everybody');

  expect(counts.filter((count) => count !== 1)).toEqual([]);
  expect(counts).toHaveLength(many);
  return { '5000 streams opened in (ms)': published - began, 'one event to all of them (ms)': arrived - published };
}
