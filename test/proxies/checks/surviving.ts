import { retryBoundsMs } from '../../../lib/policy/index.ts';
import { upTo } from '../../support/event-source.ts';
import type { Replica } from '../../support/replica.ts';
import { post, publish } from '../../support/service.ts';
import { openStream, resumeFrom, type TestStream } from '../../support/stream.ts';
import { eventually, origin, policy, type Stage } from '../stage.ts';
import { inTime, keepPublishing, openClient, urlOf } from './tools.ts';

/** The replica that holds a stream is killed while publishing goes on: the other one carries on, exactly once. */
export async function resume(stage: Stage): Promise<void> {
  const { cast, channel } = stage;
  const client = await openClient(urlOf(stage));
  const victim = cast.holderOf(client.holder());
  const publishing = keepPublishing(cast.otherThan(victim).url, channel);
  await client.numbers(20);
  await cast.end(victim, 'SIGKILL');
  await inTime(client.reopened(1), 'the stream of a killed replica, reopened', 10);
  await client.numbers(client.received().length + 20);
  const published = await publishing.stop();
  await inTime(client.numbers(published), 'all that was published');

  expect(client.received()).toEqual(upTo(published));
  expect(client.gaps).toEqual([]);
  expect(cast.holderOf(client.holder())).toBe(cast.otherThan(victim));
}

/** A draining replica gets no new streams, and those it had go to the other one, exactly once. */
export async function drain(stage: Stage): Promise<void> {
  const { cast, channel } = stage;
  const client = await openClient(urlOf(stage));
  const leaving = cast.holderOf(client.holder());
  // it takes its window for as many as these, and is not gone at once
  await Promise.all(upTo(20).map(() => openStream(urlOf(stage))));
  const publishing = keepPublishing(cast.otherThan(leaving).url, channel);
  await client.numbers(20);
  leaving.signal('SIGTERM');
  await eventually(async () => (await fetch(`${leaving.url}/readyz`).catch(() => undefined))?.status !== 200);
  if (stage.proxy.noticesDrainsLate) await eventually(() => holdsNewStreams(stage, cast.otherThan(leaving)));
  const holders = [];
  // one after the other, so that each is counted when it is decided where the next one goes
  for (const _ of upTo(10)) {
    const late = await openStream(urlOf(stage));
    const { data } = await inTime(late.event('stream:open'), 'a stream from the replica that stays');
    holders.push(cast.holderOf(JSON.parse(data).stream));
  }
  await inTime(client.reopened(1), 'the stream of a draining replica, reopened', 10);
  const published = await publishing.stop();
  await inTime(client.numbers(published), 'all that was published');

  expect(client.received()).toEqual(upTo(published));
  expect(client.gaps).toEqual([]);
  expect(client.closes).toContainEqual({ reason: 'drain' });
  expect(holders.map(({ name }) => name)).toEqual(holders.map(() => cast.otherThan(leaving).name));
  expect(await leaving.exited).toEqual({ code: 0, signal: null });
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
  const refused = await askTwentyTimes(stage);
  const fresh = await openStream(urlOf(stage), {
    origin,
    cookie: 'session=secret-cookie',
    authorization: 'Bearer secret-bearer',
  });
  await fresh.ended;
  for (const one of [...refused, fresh]) {
    expect(one.status).toBe(200);
    expect(one.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-sse-soft-fail': 'upstream',
    });
  }
  for (const one of refused) expect(one.text()).toMatch(/^retry: \d+\nid: a-cursor\n\n+$/);
  expect(fresh.text()).toMatch(/^retry: \d+\n+$/);
  expectReadable(fresh, refused);
  expectJitter(refused);
  const page = await fetch(`${proxy.url}/events?channel=a&ticket=secret-ticket`, {
    headers: { accept: 'application/json' },
  });
  const publishing = await post(proxy.url, channel, { data: 1 });
  await cast.restore();
  await publish(cast.any().url, channel, { data: { number: 10, at: 0 } });
  await inTime(client.reopened(1), 'the EventSource, reopened', 15);
  await client.numbers(11);

  expect(client.received()).toEqual(upTo(11));
  expect([page.status, publishing.status]).toEqual([503, 503]);
  expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(proxy.log?.() ?? '').not.toContain('secret');
}

async function askTwentyTimes(stage: Stage): Promise<readonly TestStream[]> {
  const refused = await Promise.all(
    upTo(20).map(() => openStream(`${urlOf(stage)}&token=secret-token`, resumeFrom('a-cursor'))),
  );
  await Promise.all(refused.map(({ ended }) => ended));
  return refused;
}

/** A page of another origin has to be allowed to read it: Chromium takes what it may not read for a reason to close. */
function expectReadable(fromAnotherOrigin: TestStream, others: readonly TestStream[]): void {
  expect(fromAnotherOrigin.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: expect.stringMatching(/\borigin\b/i),
  });
  for (const { headers } of others) expect(headers).not.toHaveProperty('access-control-allow-origin');
}

function expectJitter(refused: readonly TestStream[]): void {
  const retries = refused.flatMap((one) => one.retries);
  const { least, most } = retryBoundsMs(policy);
  expect(Math.min(...retries)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...retries)).toBeLessThanOrEqual(most);
  expect(new Set(retries).size).toBeGreaterThan(3);
}

/** A reload while events flow cuts no stream and loses no event, and new streams are welcome at once. */
export async function reload(stage: Stage): Promise<void> {
  const { cast, channel, proxy } = stage;
  const client = await openClient(urlOf(stage));
  const held = client.holder();
  const publishing = keepPublishing(cast.any().url, channel);
  await client.numbers(20);
  await proxy.reload();
  await openClient(urlOf(stage));
  await client.numbers(client.received().length + 100);
  const published = await publishing.stop();
  await inTime(client.numbers(published), 'all that was published');

  expect(client.received()).toEqual(upTo(published));
  expect(client.gaps).toEqual([]);
  expect({ stream: client.holder() }).toEqual({ stream: held });
}
