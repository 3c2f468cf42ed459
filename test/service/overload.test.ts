import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { anyone } from '../../service/auth/caller.ts';
import { Pressure } from '../../service/pressure.ts';
import { settingsFromEnv } from '../../service/settings.ts';
import { metric, post, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, type TestStream } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

/** Keeps the loop busy in turns of this length. */
async function block(turnMs: number, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    const ends = performance.now() + turnMs;
    while (performance.now() < ends);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('a loop’s lag', () => {
  /** Samples that come as late as told, and whether it is overloaded after each. */
  const verdicts = (lagsMs: readonly number[]): boolean[] => {
    let now = 0;
    const pressure = new Pressure(500, now);
    return lagsMs.map((lag) => {
      now += 100 + lag;
      pressure.sample(now);
      return pressure.high;
    });
  };
  const times = (count: number, lag: number): number[] => Array.from({ length: count }, () => lag);

  test('is overload when it lasts', () => {
    expect(verdicts(times(3, 600))).toEqual([false, false, true]);
  });

  test('is none for sweeps, a burst, or a process that stood still for a while', () => {
    expect(verdicts([...times(30, 4), ...times(2, 400), ...times(20, 4), 5000, ...times(20, 4)])).not.toContain(true);
  });

  test('is over only when it is well below where it began', () => {
    const after = verdicts([...times(3, 600), ...times(8, 300), ...times(12, 20)]);
    expect([after[2], after[10], after.at(-1)]).toEqual([true, true, false]);
  });
});

test('an overloaded replica turns away streams softly and publishes with 503, stays ready, and recovers', async () => {
  const { url } = await startService({}, { overloadLagMs: 50 });
  const open = await openStream(`${url}/events?channel=a`);
  await open.event('stream:open');
  await block(200, 8);
  const [turnedAway, refused, ready] = await Promise.all([
    openStream(`${url}/events?channel=a`),
    post(url, 'a', { data: 1 }),
    fetch(`${url}/readyz`),
  ]);
  await turnedAway.ended;

  expect(turnedAway.headers['x-sse-soft-fail']).toBe('overloaded');
  expect([refused.status, ready.status]).toEqual([503, 200]);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  while ((await post(url, 'a', { data: 'after' })).status !== 202)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await open.data(1)).toEqual(['after']);
});

describe('a publisher’s rate', () => {
  test('is limited for each publisher, with a problem and a time to come back', async () => {
    const { url } = await startService({}, { publishRatePerSecond: 5, trustProxy: true });
    const from = (ip: string): Promise<Response> =>
      fetch(`${url}/channels/a/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': ip },
        body: '{"data":1}',
      });
    const answers = await Promise.all(Array.from({ length: 40 }, () => from('203.0.113.1')));
    const refused = answers.filter(({ status }) => status === 429);

    expect(refused.length).toBeGreaterThanOrEqual(20);
    expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThanOrEqual(5);
    expect((await from('203.0.113.2')).status).toBe(202);
    expect(refused[0]?.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused[0]?.json()).toMatchObject({ status: 429, detail: expect.stringContaining('5 requests') });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    while ((await from('203.0.113.1')).status !== 202) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test('is not limited unless that is asked for', async () => {
    const { url } = await startService();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(url, 'a', { data: 1 })));
    expect(answers.every(({ status, headers }) => status === 202 && !headers.has('x-ratelimit-limit'))).toBe(true);
  });

  test('and the lag’s limit come from the environment', () => {
    expect(settingsFromEnv({})).toMatchObject({ publishRatePerSecond: undefined, overloadLagMs: 500 });
    expect(settingsFromEnv({ PUBLISH_RATE_PER_SECOND: '20', OVERLOAD_LAG_MS: '100' })).toMatchObject({
      publishRatePerSecond: 20,
      overloadLagMs: 100,
    });
    expect(() => settingsFromEnv({ PUBLISH_RATE_PER_SECOND: '0', OVERLOAD_LAG_MS: 'much' })).toThrow(
      /PUBLISH_RATE_PER_SECOND \(0\) must be a whole number from 1 to 1000000.*OVERLOAD_LAG_MS \(much\) must be/s,
    );
  });
});

test('a flood of connections that ask for nothing is cut at twice the streams and some, and the rest served', async () => {
  const { url, app } = await startService({ maxStreams: 1 });
  let refused = 0;
  const flood: Socket[] = [];
  const join = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', resolve).on('error', () => {});
      flood.push(socket.on('close', () => resolve(void refused++)));
    });
  // in waves that the kernel can queue: what it drops comes again only seconds later
  for (let wave = 0; wave < 11; wave++) await Promise.all(Array.from({ length: 100 }, join));
  while (refused < 98) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const socket of flood) socket.destroy();
  while ((await promisify(app.server.getConnections).call(app.server)) > 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await fetch(`${url}/livez`)).ok).toBe(true);
}, 20_000);

describe('the count of open streams', () => {
  test('holds when many come at once, goes down when they leave, and does not count those that failed', async () => {
    const { url } = await startService({ maxStreams: 5 });
    const all = await Promise.all(Array.from({ length: 30 }, () => openStream(`${url}/events?channel=a`)));
    const admitted = all.filter(({ headers }) => headers['x-sse-soft-fail'] === undefined);
    await Promise.all(Array.from({ length: 10 }, () => fetch(`${url}/events?channel=a%20b`)));
    expect(admitted).toHaveLength(5);
    for (const stream of admitted) stream.close();
    while ((await metric(url, 'sse_streams_active')) > 0);
    const again = await Promise.all(Array.from({ length: 5 }, () => openStream(`${url}/events?channel=a`)));
    expect(again.filter(({ headers }) => headers['x-sse-soft-fail'] === undefined)).toHaveLength(5);
    await Promise.all(again.map((stream) => stream.event('stream:open')));
    await publish(url, 'a', { data: 1 });
    for (const stream of again) expect(await stream.data(1)).toEqual([1]);
  });
});

test('a user’s streams are counted for each user, when they come at once, fail to open or leave', async () => {
  const asUser = (app: FastifyInstance): void => {
    app.addHook('onRequest', (request, _reply, done) => {
      const user = request.headers['x-user'];
      Object.defineProperty(request, 'caller', { value: { ...anyone, user } });
      done();
    });
  };
  const { url } = await startService({ maxStreamsPerUser: 3 }, {}, [asUser]);
  const openAs = (user: string, path = '/events?channel=a'): Promise<TestStream> =>
    openStream(`${url}${path}`, { 'x-user': user });
  const admitted = (streams: readonly TestStream[]): TestStream[] =>
    streams.filter(({ headers }) => headers['x-sse-soft-fail'] === undefined);

  await Promise.all(Array.from({ length: 5 }, () => openAs('ann', '/events?channel=a%20b')));
  const anns = admitted(await Promise.all(Array.from({ length: 10 }, () => openAs('ann'))));
  const bobs = admitted(await Promise.all(Array.from({ length: 2 }, () => openAs('bob'))));
  expect([anns.length, bobs.length]).toEqual([3, 2]);
  for (const stream of anns) stream.close();
  while ((await metric(url, 'sse_streams_active')) > 2);
  expect(admitted(await Promise.all(Array.from({ length: 10 }, () => openAs('ann'))))).toHaveLength(3);
});
