import { metric, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom, type TestStream } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const ticksOf = ({ events }: TestStream): { id: string; n: number; at: number; padding?: string }[] =>
  events.filter(({ event }) => event === 'tick').map(({ id = '', data }) => ({ id, ...JSON.parse(data) }));

describe('GET /diagnostics/stream', () => {
  test('says what it saw of the request, ticks as asked, and ends', async () => {
    const { url } = await startService({}, { replica: 'one' });
    const stream = await openStream(`${url}/diagnostics/stream?interval=0.05&count=3&padding=1000`, {
      'x-forwarded-for': '203.0.113.7',
      'accept-encoding': 'gzip',
      'x-secret': 'not told',
    });
    await stream.ended;

    expect(stream.headers['content-type']).toBe('text/event-stream');
    expect(stream.retries.length).toBeGreaterThan(0);
    expect(stream.events.map(({ event }) => event)).toEqual(['diagnostics', 'tick', 'tick', 'tick', 'stream:close']);
    const echo = JSON.parse(stream.events[0]?.data ?? '');
    expect(echo).toMatchObject({
      replica: 'one',
      at: expect.any(Number),
      http: '1.1',
      method: 'GET',
      tls: false,
      client: '127.0.0.1',
      asked: { interval: 0.05, count: 3, padding: 1000, silence: 0, heartbeat: 'comment' },
      headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip', 'x-forwarded-for': '203.0.113.7' },
      present: [],
    });
    expect(echo.headers).not.toHaveProperty('x-secret');
    const ticks = ticksOf(stream);
    expect(ticks.map(({ n, padding }) => [n, padding?.length])).toEqual([
      [1, 1000],
      [2, 1000],
      [3, 1000],
    ]);
    for (const { id, n } of ticks) expect(id).toBe(`${echo.run}-${n}`);
  });

  test('says only that there was a credential', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/diagnostics/stream?count=1`, {
      authorization: 'Bearer secret-token',
      cookie: 'sse_token=secret-cookie',
    });
    await stream.ended;
    expect(stream.text()).not.toContain('secret-');
    expect(JSON.parse(stream.events[0]?.data ?? '').present).toEqual(['authorization', 'cookie']);
  });

  test('goes on behind the last tick, on whatever replica, and has no more after the last one', async () => {
    const [one, two] = await Promise.all([startService(), startService()]);
    const query = 'diagnostics/stream?interval=0.05&count=4';
    const first = await openStream(`${one.url}/${query}`);
    await first.until(() => ticksOf(first).length === 2);
    first.close();
    const second = await openStream(`${two.url}/${query}`, resumeFrom(ticksOf(first)[1]?.id));
    await second.ended;
    expect(ticksOf(second).map(({ n }) => n)).toEqual([3, 4]);
    const end = await openStream(`${one.url}/${query}&lastEventId=${ticksOf(second)[1]?.id}`);
    expect(end.status).toBe(204);
  });

  test('is silent at first when asked to, but for heartbeats, or with none at all', async () => {
    const { url } = await startService({ heartbeatSeconds: 1, maxStreams: 1000 });
    const query = `${url}/diagnostics/stream?count=1&silence=1.5`;
    const [beating, still] = await Promise.all([openStream(query), openStream(`${query}&heartbeat=off`)]);
    await Promise.all([beating.ended, still.ended]);
    // the first is the one that comes with the head
    expect([beating.comments.length, still.comments.length]).toEqual([2, 1]);
    expect(ticksOf(still)).toHaveLength(1);
  });

  test('counts as a stream, is drained like one and forgotten when its client leaves', async () => {
    const { url, drain } = await startService({ maxStreams: 2 });
    const [left, drained] = await Promise.all([1, 2].map(() => openStream(`${url}/diagnostics/stream`)));
    const refused = await openStream(`${url}/diagnostics/stream`);
    expect(refused.headers['x-sse-soft-fail']).toBe('limit');
    left?.close();
    while ((await metric(url, 'sse_streams_active')) > 1);
    await drain(10);
    await drained?.ended;
    expect(drained?.events.at(-1)).toMatchObject({ event: 'stream:close', data: '{"reason":"drain"}' });
  });

  test.each([
    ['an interval that is too short', 'interval=0.001', 'interval must be >= 0.05'],
    ['padding that is too long', 'padding=65537', 'padding must be <= 65536'],
    ['too long a silence', 'silence=601', 'silence must be <= 600'],
    ['no ticks', 'count=0', 'count must be >= 1'],
    ['an unknown heartbeat', 'heartbeat=loud', 'heartbeat must be equal to one of the allowed values'],
    ['more than a quarter of an hour', 'interval=100&count=11', 'is 1000 s and must be at most 900 s'],
  ])('names what is wrong with %s', async (_, query, detail) => {
    const { url } = await startService();
    const response = await fetch(`${url}/diagnostics/stream?${query}`);
    expect(await response.json()).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });
  });
});
