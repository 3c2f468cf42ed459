import { metric, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

describe('refusals', () => {
  test('are soft for those who ask for an event stream, once the replica is full', async () => {
    const { url } = await startService({ maxStreams: 1 });
    await openStream(`${url}/events?channel=a`);
    const refused = await openStream(`${url}/events?channel=a`, resumeFrom('a-cursor'));
    await refused.ended;

    expect(refused.status).toBe(200);
    expect(refused.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-sse-soft-fail': 'limit' });
    expect(refused.retries).toHaveLength(1);
    expect(refused.events).toEqual([{ id: 'a-cursor', event: 'stream:close', data: '{"reason":"overloaded"}' }]);
    expect(await metric(url, 'sse_soft_fails_total{reason="limit"}')).toBe(1);
  });

  test('come with a later retry when too many connect at once', async () => {
    const { url } = await startService({ connectRatePerSecond: 5, maxStreams: 100, retryMs: 1000 });
    const streams = await Promise.all(Array.from({ length: 40 }, () => openStream(`${url}/events?channel=a`)));
    const refused = streams.filter(({ headers }) => headers['x-sse-soft-fail'] === 'overloaded');
    await Promise.all(refused.map(({ ended }) => ended));

    expect(refused.length).toBeGreaterThan(20);
    expect(Math.max(...refused.flatMap(({ retries }) => retries))).toBeGreaterThan(4000);
  });

  test.each<[string, Record<string, string>]>([
    ['ordinary clients', { accept: '*/*' }],
    ['proxies that soft-fail by themselves', { accept: 'text/event-stream', 'x-sse-proxy-soft-fails': '1' }],
  ])('are 503 with Retry-After for %s', async (_, headers) => {
    const { url } = await startService({ maxStreams: 1 });
    await openStream(`${url}/events?channel=a`);
    const response = await fetch(`${url}/events?channel=a`, { headers });

    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test.each([
    ['no channel', '/events', 400],
    ['a bad channel', '/events?channel=a%20b', 400],
    ['too many channels', `/events?${Array.from({ length: 101 }, (_, index) => `channel=c${index}`).join('&')}`, 400],
    ['an unknown heartbeat', '/events?channel=a&heartbeat=loud', 400],
    ['an unknown path', '/nothing', 404],
  ])('name what is wrong with %s', async (_, path, status) => {
    const { url } = await startService();
    const response = await fetch(`${url}${path}`, { headers: { accept: 'text/event-stream' } });

    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  });

  test('are 406 for those who cannot take an event stream', async () => {
    const { url } = await startService();
    expect((await fetch(`${url}/events?channel=a`, { headers: { accept: 'application/json' } })).status).toBe(406);
  });
});
