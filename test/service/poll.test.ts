import { get } from 'node:http';
import { poll } from '../support/poll.ts';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const numbers = (count: number): { data: number }[] => Array.from({ length: count }, (_, data) => ({ data }));

describe('GET /events/poll', () => {
  test('without a cursor answers at once with a place to begin, and nothing before it', async () => {
    const { url } = await startService();
    await publish(url, 'a', { data: 'before' });
    const first = await poll(url, 'channel=a');
    await publish(url, 'a', { type: 'greeting', data: { after: true } });
    const second = await poll(url, `channel=a&cursor=${first.cursor}`);

    expect(first).toMatchObject({ status: 200, events: [], cursor: expect.stringMatching(/^[a-z0-9-]+$/) });
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(second.events).toEqual([{ id: expect.any(String), channel: 'a', type: 'greeting', data: { after: true } }]);
    expect(second).not.toHaveProperty('gap');
  });

  test('waits for the first event, and gives an event without a type the type "message"', async () => {
    const { url } = await startService();
    const { cursor } = await poll(url, 'channel=a');
    const waiting = poll(url, `channel=a&cursor=${cursor}&wait=30`);
    while ((await metric(url, 'sse_streams_active')) === 0);
    const [id] = await publish(url, 'a', { data: null });

    expect((await waiting).events).toEqual([{ id, channel: 'a', type: 'message', data: null }]);
    expect(await metric(url, 'sse_streams_active')).toBe(0);
  });

  test('moves its cursor on when the wait is over and nothing came, other types included', async () => {
    const { url } = await startService();
    const { cursor } = await poll(url, 'channel=a');
    const [passed] = await publish(url, 'a', { type: 'other', data: 1 });
    const empty = await poll(url, `channel=a&type=wanted&cursor=${cursor}&wait=0.05`);

    expect(empty.events).toEqual([]);
    expect(empty.cursor >= (passed as string)).toBe(true);
    expect((await poll(url, `channel=a&cursor=${empty.cursor}&wait=0`)).events).toEqual([]);
  });

  test('hands out many channels under one cursor, filtered by type', async () => {
    const { url } = await startService();
    const { cursor } = await poll(url, 'channel=a&channel=b');
    for (const channel of ['a', 'b', 'c'])
      await publish(url, channel, [{ type: 'x', data: channel }, { type: 'y', data: 'not wanted' }, { data: channel }]);
    const { events } = await poll(url, `channel=b&channel=a&type=x&type=message&cursor=${cursor}`);

    expect(events.map(({ channel, type }) => [channel, type])).toEqual([
      ['a', 'x'],
      ['a', 'message'],
      ['b', 'x'],
      ['b', 'message'],
    ]);
  });

  test('cuts a long answer, and goes on behind it', async () => {
    const { url } = await startService();
    let { cursor } = await poll(url, 'channel=a');
    for (let batch = 0; batch < 2; batch++) await publish(url, 'a', numbers(700));
    const pages: number[] = [];
    const received: unknown[] = [];
    while (received.length < 1400) {
      const page = await poll(url, `channel=a&cursor=${cursor}&wait=1`);
      cursor = page.cursor;
      pages.push(page.events.length);
      received.push(...page.events.map(({ data }) => data));
    }

    expect(Math.max(...pages)).toBeLessThanOrEqual(500);
    expect(received).toEqual([...numbers(700), ...numbers(700)].map(({ data }) => data));
  });

  test('cuts an answer by its bytes too, but for a single event', async () => {
    const { url } = await startService({ maxEventBytes: 2_000_000, slowClientBytes: 8_000_000 });
    let { cursor } = await poll(url, 'channel=a');
    const large = 'x'.repeat(1_500_000);
    await publish(url, 'a', [{ data: large }, { data: 'small' }]);
    const first = await poll(url, `channel=a&cursor=${cursor}`);
    cursor = first.cursor;

    expect(first.events.map(({ data }) => (data as string).length)).toEqual([large.length]);
    expect((await poll(url, `channel=a&cursor=${cursor}`)).events.map(({ data }) => data)).toEqual(['small']);
  });

  test.each([
    ['of another history', 'abcdef123456-i3n2cc1k3k'],
    ['that is none', '1718000000000-0:x'],
  ])('announces a gap for a cursor %s, and all there is', async (_, cursor) => {
    const { url } = await startService();
    await publish(url, 'a', numbers(2));
    const answer = await poll(url, `channel=a&cursor=${cursor}`);

    expect(answer.gap).toEqual({ channels: ['a'], requested: cursor, reason: 'epoch' });
    expect(answer.events.map(({ data }) => data)).toEqual([0, 1]);
    expect(await poll(url, `channel=a&cursor=${answer.cursor}&wait=0`)).not.toHaveProperty('gap');
  });

  test('announces what was evicted', async () => {
    const { url } = await startService({ replayMaxEvents: 100 });
    const [first] = await publish(url, 'a', { data: 'first' });
    for (let batch = 0; batch < 3; batch++) await publish(url, 'a', numbers(100));
    const { gap, events } = await poll(url, `channel=a&cursor=${first}`);

    expect(gap).toEqual({ channels: ['a'], requested: first, reason: 'evicted' });
    expect(events.at(-1)?.data).toBe(99);
  });

  test('takes the cursor by any of its names', async () => {
    const { url } = await startService();
    const [first, second] = await publish(url, 'a', numbers(3));
    const answers = await Promise.all([
      poll(url, `channel=a&lastEventId=${first}`),
      poll(url, `channel=a&cursor=${first}`),
      poll(url, `channel=a&cursor=${first}`, { headers: resumeFrom(second) }),
    ]);
    expect(answers.map(({ events }) => events.length)).toEqual([2, 2, 1]);
  });

  test('forgets a client that leaves', async () => {
    const { url } = await startService();
    const { cursor } = await poll(url, 'channel=a');
    const request = get(`${url}/events/poll?channel=a&cursor=${cursor}&wait=30`);
    request.on('error', () => {});
    while ((await metric(url, 'sse_streams_active')) === 0);
    request.destroy();
    while ((await metric(url, 'sse_streams_active')) > 0);
  });

  test('is answered when the replica drains', async () => {
    const { url, drain } = await startService();
    const { cursor } = await poll(url, 'channel=a');
    const waiting = poll(url, `channel=a&cursor=${cursor}&wait=30`);
    while ((await metric(url, 'sse_streams_active')) === 0);
    await drain(50);

    expect(await waiting).toMatchObject({ status: 200, events: [] });
    const late = await poll(url, `channel=a&cursor=${cursor}`);
    expect(late).toMatchObject({ status: 503, detail: 'no new streams: draining' });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('counts as a stream while it waits, and is refused where there are too many', async () => {
    const { url } = await startService({ maxStreams: 1 });
    const { cursor } = await poll(url, 'channel=a');
    await openStream(`${url}/events?channel=a`);
    const refused = await poll(url, `channel=a&cursor=${cursor}`);

    expect(refused).toMatchObject({ status: 503, detail: 'no new streams: limit' });
    expect(await metric(url, 'sse_soft_fails_total{reason="limit"}')).toBe(1);
  });

  test.each([
    ['a wait beyond what proxies sit through', 'channel=a&wait=56', 'wait must be <= 55'],
    ['a wait that is none', 'channel=a&wait=soon', 'wait must be number'],
    ['no channel', 'wait=1', "must have required property 'channel'"],
  ])('names what is wrong with %s', async (_, query, detail) => {
    const { url } = await startService();
    expect(await poll(url, query)).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });
  });

  test('waits no longer than a short idle timer allows', async () => {
    const { url } = await startService({ idleSeconds: 7, heartbeatSeconds: 1, missedHeartbeats: 2, maxStreams: 100 });
    expect(await poll(url, 'channel=a&wait=3')).toMatchObject({ status: 400 });
    expect(await poll(url, 'channel=a')).toMatchObject({ status: 200 });
  });
});
