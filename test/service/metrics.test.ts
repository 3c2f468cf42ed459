import { metricFacts, type StreamPolicy } from '../../lib/policy/index.ts';
import type { ServiceSettings } from '../../service/settings.ts';
import { metric, publish, type RunningService, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

/** Something that happens, and what the metrics say afterwards. */
interface Case {
  readonly when: string;
  readonly policy?: Partial<StreamPolicy>;
  readonly settings?: Partial<ServiceSettings>;
  readonly happens: (service: RunningService) => Promise<unknown>;
  readonly says: Readonly<Record<string, number>>;
}

const short = { maxStreamAgeSeconds: 1, maxStreamAgeJitter: 0, stickiness: 'none' } as const;

const opened = async (url: string, cursor?: string) => {
  const stream = await openStream(`${url}/events?channel=a`, cursor === undefined ? {} : resumeFrom(cursor));
  await stream.event('stream:open');
  return stream;
};

const refused = async ({ url }: RunningService): Promise<void> => (await openStream(`${url}/events?channel=a`)).ended;

const cases: readonly Case[] = [
  {
    when: 'streams are open',
    happens: async ({ url }) => {
      await opened(url);
      await opened(url);
    },
    says: { sse_streams_active: 2, sse_streams_opened_total: 2, sse_broker_connected: 1, sse_broker_lag_seconds: 0 },
  },
  {
    when: 'a client leaves',
    happens: async ({ url }) => (await opened(url)).close(),
    says: { sse_streams_active: 0, 'sse_streams_closed_total{reason="client"}': 1 },
  },
  {
    when: 'a stream has reached its age',
    policy: short,
    happens: async ({ url }) => (await opened(url)).ended,
    says: { sse_streams_active: 0, 'sse_streams_closed_total{reason="max-age"}': 1 },
  },
  {
    when: 'streams are handed over, and another one comes',
    happens: async (service) => {
      await opened(service.url);
      await service.drain(0);
      await refused(service);
    },
    says: { 'sse_streams_closed_total{reason="drain"}': 1, 'sse_soft_fails_total{reason="draining"}': 1 },
  },
  {
    when: 'a client reads nothing',
    policy: { slowClientBytes: 300_000 },
    happens: async ({ url }) => {
      const stuck = await opened(url);
      stuck.pause();
      const batch = Array.from({ length: 10 }, () => ({ data: 'x'.repeat(60_000) }));
      for (let count = 0; count < 20; count++) await publish(url, 'a', batch);
    },
    says: { 'sse_streams_closed_total{reason="slow"}': 1, sse_slow_clients_total: 1 },
  },
  {
    when: 'events are published and delivered',
    happens: async ({ url }) => {
      const streams = [await opened(url), await opened(url)];
      await publish(url, 'a', [{ data: 1 }, { data: 2 }, { data: 3 }]);
      await Promise.all(streams.map((stream) => stream.data(3)));
    },
    says: {
      sse_events_published_total: 3,
      sse_events_delivered_total: 6,
      sse_delivery_latency_seconds_count: 1,
      'sse_delivery_latency_seconds_bucket{le="+Inf"}': 1,
    },
  },
  {
    when: 'a client resumes',
    happens: async ({ url }) => {
      const [first] = await publish(
        url,
        'a',
        [1, 2, 3].map((data) => ({ data })),
      );
      await (await opened(url, first)).data(2);
    },
    says: { sse_replay_events_total: 2, sse_events_delivered_total: 2 },
  },
  {
    when: 'a client resumes after more events than are kept',
    policy: { replayMaxEvents: 10 },
    happens: async ({ url }) => {
      const [first] = await publish(url, 'a', { data: 0 });
      await publish(
        url,
        'a',
        Array.from({ length: 20 }, (_, data) => ({ data })),
      );
      await (await opened(url, first)).event('stream:gap');
    },
    says: { 'sse_gaps_total{reason="evicted"}': 1 },
  },
  {
    when: 'a client resumes from another history',
    happens: async ({ url }) => (await opened(url, 'another-1')).event('stream:gap'),
    says: { 'sse_gaps_total{reason="epoch"}': 1 },
  },
  {
    when: 'a client has seen more than the store',
    happens: async ({ url }) => {
      const [last] = await publish(url, 'a', { data: 0 });
      // its first digit as high as digits go: a few decades ahead
      await (await opened(url, last?.replace(/-./, '-z'))).event('stream:gap');
    },
    says: { 'sse_gaps_total{reason="store-lost"}': 1 },
  },
  {
    when: 'the replica is full',
    policy: { maxStreams: 1 },
    happens: async (service) => {
      await opened(service.url);
      await refused(service);
    },
    says: { sse_streams_opened_total: 1, 'sse_soft_fails_total{reason="limit"}': 1 },
  },
  {
    when: 'more come at once than are let in',
    policy: { connectRatePerSecond: 1, maxStreams: 10 },
    happens: async (service) => {
      await opened(service.url);
      await refused(service);
    },
    says: { sse_streams_opened_total: 1, 'sse_soft_fails_total{reason="overloaded"}': 1 },
  },
  {
    when: 'the store is away',
    // a port that nobody listens on: discard
    settings: { redisUrl: 'redis://127.0.0.1:9' },
    happens: refused,
    says: { sse_broker_connected: 0, 'sse_soft_fails_total{reason="store-lost"}': 1 },
  },
];

test.each(cases)(
  'when $when',
  async ({ policy, settings, happens, says }) => {
    const service = await startService(policy, settings);
    await happens(service);
    // the other side of a connection hears of things a moment later
    for (const [name, value] of Object.entries(says)) while ((await metric(service.url, name)) < value);
    while ((await metric(service.url, 'sse_streams_active')) > (says.sse_streams_active ?? Number.POSITIVE_INFINITY));

    expect(await valuesOf(service.url, Object.keys(says))).toEqual(says);
  },
  20_000,
);

test('every metric moves for some cause', () => {
  const moved = new Set(
    cases.flatMap(({ says }) => Object.keys(says)).map((series) => /^sse_[a-z_]+/.exec(series)?.[0]),
  );
  const family = (name: string): string => (name.includes('latency') ? `${name}_count` : name);

  expect(Object.keys(metricFacts).filter((name) => !moved.has(family(name)))).toEqual([]);
});

test('what is exported is what is promised, and what Node says of itself', async () => {
  const { url } = await startService();
  const text = await (await fetch(`${url}/metrics`)).text();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind]) => ({ name, kind }));
  const ours = names.filter(({ name }) => name.startsWith('sse_'));

  expect(Object.fromEntries(ours.map(({ name, kind }) => [name, kind]))).toEqual({
    sse_streams_active: 'gauge',
    sse_streams_opened_total: 'counter',
    sse_streams_closed_total: 'counter',
    sse_events_published_total: 'counter',
    sse_events_delivered_total: 'counter',
    sse_delivery_latency_seconds: 'histogram',
    sse_replay_events_total: 'counter',
    sse_gaps_total: 'counter',
    sse_soft_fails_total: 'counter',
    sse_slow_clients_total: 'counter',
    sse_broker_connected: 'gauge',
    sse_broker_lag_seconds: 'gauge',
  });
  expect(names.filter(({ name }) => !/^(sse|process|nodejs)_/.test(name))).toEqual([]);
});

test('every reason has its series from the first scrape, and no other label grows', async () => {
  const { url } = await startService();
  const text = await (await fetch(`${url}/metrics`)).text();
  const series = [...text.matchAll(/^(sse_\w+)(?:\{(.*)\})? 0$/gm)];
  const expected = Object.entries(metricFacts).flatMap(([name, facts]) =>
    'reasons' in facts ? facts.reasons.map((reason) => `${name}{reason="${reason}"}`) : [],
  );

  expect(series.flatMap(([, name, labels]) => (labels?.startsWith('reason=') ? [`${name}{${labels}}`] : []))).toEqual(
    expect.arrayContaining(expected),
  );
  expect(new Set([...text.matchAll(/^sse_\w+\{(\w+)=/gm)].map(([, label]) => label))).toEqual(
    new Set(['reason', 'le']),
  );
});

async function valuesOf(url: string, names: readonly string[]): Promise<Record<string, number>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await metric(url, name)] as const)));
}
