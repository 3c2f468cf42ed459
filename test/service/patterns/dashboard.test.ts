import { anyone, type Caller, mayPublish, maySubscribe } from '../../../service/auth/caller.ts';
import { StoreUnavailable } from '../../../service/broker/broker.ts';
import { type AlertRule, alertRules } from '../../../service/patterns/dashboard/alerts.ts';
import { dashboard, dashboardChannel } from '../../../service/patterns/dashboard/dashboard.ts';
import type { Pattern } from '../../../service/patterns/patterns.ts';
import { metric, publish, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream, resumeFrom, type TestStream } from '../../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

/** The dashboard, in a hurry. */
const quick =
  (rules: readonly AlertRule[] = alertRules): Pattern =>
  (app, service) =>
    dashboard(app, service, { sampleMs: 100, rules });

const path = `/events?channel=${dashboardChannel}`;

interface Sample {
  readonly [name: string]: number | string | boolean | readonly string[];
}

const samplesOf = ({ events }: TestStream): Sample[] =>
  events.filter(({ event }) => event === 'sample').map(({ data }) => JSON.parse(data) as Sample);

test('a watcher gets a sample of the service each second', async () => {
  const { url } = await startService({ maxStreams: 100 }, { patterns: ['dashboard'], replica: 'one' });
  const watcher = await openStream(url + path);
  await watcher.until(() => samplesOf(watcher).length >= 1);
  const reader = await openStream(`${url}/events?channel=a`);
  await publish(url, 'a', Array(10).fill({ data: 1 }));
  await reader.data(10);
  const seen = samplesOf(watcher).length;
  await watcher.until(() => samplesOf(watcher).length > seen);
  expect(samplesOf(watcher).at(-1)).toEqual({
    replica: 'one',
    at: expect.any(String),
    streams: 2,
    maxStreams: 100,
    openedPerSecond: expect.any(Number),
    closedPerSecond: 0,
    publishedPerSecond: expect.any(Number),
    deliveredPerSecond: expect.any(Number),
    gapsPerSecond: 0,
    softFailsPerSecond: 0,
    slowPerSecond: 0,
    brokerConnected: true,
    brokerLagSeconds: 0,
    loopP99Ms: expect.any(Number),
    rssBytes: expect.any(Number),
    alerts: [],
  });
  const total = (name: string): number => samplesOf(watcher).reduce((sum, one) => sum + Number(one[name]), 0);
  for (const name of ['openedPerSecond', 'publishedPerSecond', 'deliveredPerSecond'])
    expect(total(name)).toBeGreaterThan(0);
  expect(Number(samplesOf(watcher).at(-1)?.rssBytes)).toBeGreaterThan(1e7);
}, 20_000);

test('nothing is sampled before somebody watches, and a few seconds after they have left', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  try {
    const { url } = await startService({}, { patterns: ['dashboard'] });
    const sampled = async (ms: number): Promise<number> => {
      const before = await metric(url, 'sse_events_published_total');
      await jest.advanceTimersByTimeAsync(ms);
      return (await metric(url, 'sse_events_published_total')) - before;
    };
    expect(await sampled(60_000)).toBe(0);
    const watcher = await openStream(url + path);
    expect(await sampled(10_000)).toBeGreaterThan(5);
    watcher.close();
    while ((await metric(url, 'sse_streams_active')) > 0);
    expect(await sampled(10_000)).toBeLessThan(8);
    expect(await sampled(60_000)).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('a watcher that comes back sees the samples in between', async () => {
  const { url } = await startService({}, {}, [quick()]);
  const [gone, stays] = [await openStream(url + path), await openStream(url + path)];
  await gone.until(() => samplesOf(gone).length >= 1);
  const last = gone.events.at(-1)?.id;
  gone.close();
  const seen = samplesOf(stays).length;
  await stays.until(() => samplesOf(stays).length >= seen + 2);
  const back = await openStream(url + path, resumeFrom(last));
  await back.until(() => samplesOf(back).length >= 2);
  expect(samplesOf(back).slice(0, 2)).toEqual(samplesOf(stays).slice(seen, seen + 2));
}, 20_000);

test('what is wrong is told once when it begins and once when it is over', async () => {
  const { url } = await startService({ maxStreams: 5 }, {}, [quick()]);
  const watcher = await openStream(url + path);
  const others = await Promise.all([1, 2, 3].map(() => openStream(`${url}/events?channel=a`)));
  const { data } = await watcher.event('alert');
  expect(JSON.parse(data)).toMatchObject({ alert: 'streams-near-limit', state: 'raised', value: 0.8, limit: 0.8 });
  await watcher.until(() => samplesOf(watcher).at(-1)?.alerts?.toString() === 'streams-near-limit');
  for (const other of others) other.close();
  await watcher.until(() => watcher.events.some(({ data: text }) => text.includes('"cleared"')));
  expect(watcher.events.filter(({ event }) => event === 'alert')).toHaveLength(2);
});

test('an alert that could not be told while the store was away is told when it is back', async () => {
  const rule = { id: 'always', value: () => 1, raiseAt: 1, raiseAfter: 1, clearBelow: 1, clearAfter: 1, says: 'so' };
  let refused = 0;
  const away: Pattern = (_app, { broker }) => {
    const publishing = broker.publish.bind(broker);
    jest.spyOn(broker, 'publish').mockImplementation((channel, drafts) => {
      const refuse = drafts[0]?.type === 'alert' && refused++ < 2;
      return refuse ? Promise.reject(new StoreUnavailable(new Error('away'))) : publishing(channel, drafts);
    });
  };
  const { url } = await startService({}, {}, [away, quick([rule])]);
  const watcher = await openStream(url + path);
  const alert = JSON.parse((await watcher.event('alert')).data);
  await watcher.until(() => samplesOf(watcher).length >= 2);
  expect(alert).toMatchObject({ alert: 'always', state: 'raised' });
  // when it was, and not when it could be told
  expect(Date.parse(alert.at)).toBeLessThan(Date.parse(String(samplesOf(watcher)[0]?.at)));
  expect(watcher.events.filter(({ event }) => event === 'alert')).toHaveLength(1);
  expect(refused).toBe(3);
});

describe('the service’s own channels', () => {
  const caller = (grants: Partial<Caller['grants']>): Caller => ({
    ...anyone,
    user: 'ada',
    grants: { subscribe: [], publish: [], admin: false, ...grants },
  });

  test('are an administrator’s, whatever patterns a token has', () => {
    const widest = caller({ subscribe: ['*', dashboardChannel], publish: ['*', dashboardChannel] });
    expect([maySubscribe(widest, dashboardChannel), mayPublish(widest, dashboardChannel)]).toEqual([false, false]);
    expect(maySubscribe(widest, 'other')).toBe(true);
    const admin = caller({ admin: true });
    expect([maySubscribe(admin, dashboardChannel), mayPublish(admin, dashboardChannel)]).toEqual([true, true]);
    expect(maySubscribe(admin, 'other')).toBe(false);
  });
});
