import { connect } from 'node:net';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

describe('GET /events', () => {
  test('begins at once with a retry, an id and what the client should know, and with the headers of a stream', async () => {
    const { url } = await startService({ heartbeatSeconds: 7, maxStreamAgeSeconds: 1800, stickiness: 'none' });
    const stream = await openStream(`${url}/events?channel=a`);
    const opened = await stream.event('stream:open');

    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(stream.headers).not.toHaveProperty('content-length');
    expect(opened.id).toMatch(/^[a-z0-9-]{1,128}$/);
    expect(JSON.parse(opened.data)).toEqual({ stream: expect.any(String), heartbeatSeconds: 7, maxAgeSeconds: 1800 });
    expect(stream.text().startsWith('retry: ')).toBe(true);
  });

  test('draws a retry of its own for each connection', async () => {
    const { url } = await startService({ retryMs: 4000, retryJitter: 0.5 });
    const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(`${url}/events?channel=a`)));
    await Promise.all(streams.map((stream) => stream.event('stream:open')));
    const retries = streams.flatMap((stream) => stream.retries);

    expect(new Set(retries).size).toBeGreaterThan(10);
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(2000);
    expect(Math.max(...retries)).toBeLessThanOrEqual(6000);
  });

  test('delivers events with their id, type and data', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a`);
    await stream.event('stream:open');
    const [first, second] = await publish(url, 'a', [
      { type: 'greeting', data: { text: 'hi\nthere' } },
      { data: null },
    ]);
    await stream.data(2);

    expect(stream.events.slice(1)).toEqual([
      { id: first, event: 'greeting', data: '{"text":"hi\\nthere"}' },
      { id: second, event: undefined, data: 'null' },
    ]);
  });

  test('serves many channels on one stream, in one order, under one cursor', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a&channel=b`);
    await stream.event('stream:open');
    for (const [channel, data] of [
      ['a', 1],
      ['b', 2],
      ['c', 'not ours'],
      ['a', 3],
      ['b', 4],
    ] as const)
      await publish(url, channel, { data });
    const ids = await stream.data(4).then(() => stream.events.slice(1).map(({ id }) => id));
    const resumed = await openStream(`${url}/events?channel=b&channel=a`, resumeFrom(ids[1]));

    expect(await stream.data(4)).toEqual([1, 2, 3, 4]);
    expect(await resumed.data(2)).toEqual([3, 4]);
  });

  test('delivers only the types asked for, and wraps them when asked to', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a&type=x&type=message&envelope=1`);
    await stream.event('stream:open');
    await publish(url, 'a', [{ type: 'x', data: 1 }, { type: 'y', data: 2 }, { data: 3 }]);

    expect(await stream.data(2)).toEqual([
      { channel: 'a', type: 'x', data: 1 },
      { channel: 'a', type: 'message', data: 3 },
    ]);
  });

  test('sends heartbeats as comments, without an id, or as events when asked to', async () => {
    const { url } = await startService({ heartbeatSeconds: 1, maxStreams: 1000 });
    const [comments, events] = await Promise.all([
      openStream(`${url}/events?channel=a`),
      openStream(`${url}/events?channel=a&heartbeat=event`),
    ]);
    await Promise.all([comments.until(() => comments.comments.length > 0), events.event('heartbeat')]);

    expect(comments.events.map(({ event }) => event)).toEqual(['stream:open']);
    expect(events.events.find(({ event }) => event === 'heartbeat')).toMatchObject({ id: undefined, data: '{}' });
    expect(events.text().match(/^id:/gm)).toHaveLength(1);
  });

  test('ends a stream at its age with a fresh retry and the reason', async () => {
    const { url } = await startService({ maxStreamAgeSeconds: 1, maxStreamAgeJitter: 0, stickiness: 'none' });
    const stream = await openStream(`${url}/events?channel=a`);
    await stream.ended;

    expect(stream.events.at(-1)).toMatchObject({ event: 'stream:close', data: '{"reason":"max-age"}' });
    expect(stream.retries).toHaveLength(2);
  });

  test('serves clients of HTTP/1.0, which know no chunks', async () => {
    const { url } = await startService({ maxStreamAgeSeconds: 1, maxStreamAgeJitter: 0, stickiness: 'none' });
    const body = await raw(url, 'GET /events?channel=a HTTP/1.0\r\n\r\n');

    expect(body).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
    expect(body.toLowerCase()).not.toContain('transfer-encoding');
    expect(body.split('\r\n\r\n')[1]).toMatch(/^retry: \d+\nid: \S+\nevent: stream:open\n/);
  });

  test('forgets a client that leaves', async () => {
    const service = await startService();
    const stream = await openStream(`${service.url}/events?channel=a`);
    await stream.event('stream:open');
    expect(await metric(service.url, 'sse_streams_active')).toBe(1);
    stream.close();
    while ((await metric(service.url, 'sse_streams_active')) > 0);

    expect(await metric(service.url, 'sse_streams_closed_total{reason="client"}')).toBe(1);
  });

  test('lets pages of the configured origins in, the resume header included', async () => {
    const { url } = await startService({}, { corsOrigins: ['https://app.example.com'] });
    const stream = await openStream(`${url}/events?channel=a`, { origin: 'https://app.example.com' });
    const preflight = await fetch(`${url}/events?channel=a`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'last-event-id',
      },
    });

    expect(stream.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('last-event-id');
  });
});

/** Sends bytes and returns all that comes back. */
function raw(url: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request));
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
