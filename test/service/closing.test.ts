import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

describe('draining', () => {
  test('turns readiness off and streams away, and closes those that are open with the reason', async () => {
    const service = await startService();
    const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(`${service.url}/events?channel=a`)));
    await Promise.all(streams.map((stream) => stream.event('stream:open')));
    const drained = service.drain(300);
    const [ready, live, late] = await Promise.all([
      fetch(`${service.url}/readyz`),
      fetch(`${service.url}/livez`),
      openStream(`${service.url}/events?channel=a`),
    ]);
    await drained;
    await Promise.all(streams.map(({ ended }) => ended));

    expect([ready.status, live.status]).toEqual([503, 200]);
    expect(late.headers['x-sse-soft-fail']).toBe('draining');
    for (const stream of streams)
      expect(stream.events.at(-1)).toMatchObject({ event: 'stream:close', data: '{"reason":"drain"}' });
    for (const stream of streams) expect(stream.retries).toHaveLength(2);
  });

  test('ends with the app, even with a client that reads nothing', async () => {
    const service = await startService({ slowClientBytes: 10_485_760 });
    const stuck = await openStream(`${service.url}/events?channel=a`);
    await stuck.event('stream:open');
    stuck.pause();
    for (let batch = 0; batch < 100; batch++) await publish(service.url, 'a', { data: 'x'.repeat(60_000) });
    await service.drain(100);
    await service.app.close();
    expect(service.app.server.listening).toBe(false);
  });
});

test('a reader that stalls is closed as slow, and resumes without a loss', async () => {
  const { url } = await startService({ slowClientBytes: 300_000 });
  const [quick, slow] = await Promise.all([
    openStream(`${url}/events?channel=a`),
    openStream(`${url}/events?channel=a`),
  ]);
  const { id } = await slow.event('stream:open');
  await quick.event('stream:open');
  slow.pause();
  const events = 200;
  for (let number = 0; number < events; number++)
    await publish(url, 'a', { data: { number, filler: 'x'.repeat(60_000) } });
  const received = (await quick.data(events)) as { number: number }[];
  expect(received.map(({ number }) => number)).toEqual(Array.from({ length: events }, (_, index) => index));
  expect(await metric(url, 'sse_slow_clients_total')).toBe(1);

  const resumed = await openStream(`${url}/events?channel=a`, resumeFrom(id));
  const again = (await resumed.data(events)) as { number: number }[];
  expect(again.map(({ number }) => number)).toEqual(received.map(({ number }) => number));
}, 20_000);
