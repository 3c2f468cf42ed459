import { connect } from 'node:net';
import { textFrame } from '../../service/wires/web-socket.ts';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeSockets, openSocket, type Refused } from '../support/web-socket.ts';

afterEach(async () => {
  closeSockets();
  await stopServices();
});

const refusal = (opening: Promise<unknown>): Promise<Refused> =>
  opening.then(
    () => Promise.reject(new Error('it was let in')),
    (refused: Refused) => refused,
  );

describe('GET /events/ws', () => {
  test('begins with what the client should know, and delivers events as objects', async () => {
    const { url } = await startService({ heartbeatSeconds: 7, maxStreamAgeSeconds: 1800, stickiness: 'none' });
    const client = await openSocket(`${url}/events/ws?channel=a`);
    const opened = await client.message('stream:open');
    const [first, second] = await publish(url, 'a', [
      { type: 'greeting', data: { text: 'hi\nthere' } },
      { data: null },
    ]);
    await client.data(2);

    expect(opened).toEqual({
      type: 'stream:open',
      id: expect.stringMatching(/^[a-z0-9-]{1,128}$/),
      data: {
        stream: expect.any(String),
        heartbeatSeconds: 7,
        maxAgeSeconds: 1800,
        retryMs: expect.any(Number),
      },
    });
    expect(client.messages.slice(1)).toEqual([
      { id: first, channel: 'a', type: 'greeting', data: { text: 'hi\nthere' } },
      { id: second, channel: 'a', type: 'message', data: null },
    ]);
  });

  test('delivers many events and large ones whole, each as a message of its own', async () => {
    const { url } = await startService();
    const clients = await Promise.all([1, 2, 3].map(() => openSocket(`${url}/events/ws?channel=a`)));
    await Promise.all(clients.map((client) => client.message('stream:open')));
    const events = [1, 100, 125, 126, 65_000, 40_000, 3].map((size) => ({ data: 'é'.repeat(size / 2) }));
    for (let round = 0; round < 20; round++) await publish(url, 'a', events);

    for (const client of clients) {
      const received = (await client.data(20 * events.length)) as string[];
      expect(received.map(({ length }) => length)).toEqual(
        Array.from({ length: 20 }, () => events.map(({ data }) => data.length)).flat(),
      );
    }
  });

  test('resumes behind a cursor, by each of its names, and announces gaps', async () => {
    const { url } = await startService();
    const [first] = await publish(url, 'a', [{ data: 1 }, { data: 2 }]);
    const resumed = await Promise.all([
      openSocket(`${url}/events/ws?channel=a&cursor=${first}`),
      openSocket(`${url}/events/ws?channel=a&lastEventId=${first}`),
      openSocket(`${url}/events/ws?channel=a`, { 'last-event-id': String(first) }),
    ]);
    for (const client of resumed) expect(await client.data(1)).toEqual([2]);
    const stranger = await openSocket(`${url}/events/ws?channel=a&cursor=abcdef123456-i3n2cc1k3k`);
    expect(await stranger.data(2)).toEqual([1, 2]);
    expect(await stranger.message('stream:gap')).toEqual({
      type: 'stream:gap',
      id: expect.any(String),
      data: { channels: ['a'], requested: 'abcdef123456-i3n2cc1k3k', reason: 'epoch' },
    });
  });

  test('filters by type', async () => {
    const { url } = await startService();
    const client = await openSocket(`${url}/events/ws?channel=a&type=x&type=message`);
    await client.message('stream:open');
    await publish(url, 'a', [{ type: 'x', data: 1 }, { type: 'y', data: 2 }, { data: 3 }]);
    expect(await client.data(2)).toEqual([1, 3]);
  });

  test('beats with pings, or with messages that scripts can see', async () => {
    const { url } = await startService({ heartbeatSeconds: 1, maxStreams: 1000 });
    const [pinged, told] = await Promise.all([
      openSocket(`${url}/events/ws?channel=a`),
      openSocket(`${url}/events/ws?channel=a&heartbeat=event`),
    ]);
    await Promise.all([pinged.until(() => pinged.pings() > 0), told.message('heartbeat')]);
    expect(pinged.messages.map(({ type }) => type)).toEqual(['stream:open']);
    expect(told.messages.at(-1)).toEqual({ type: 'heartbeat', data: {} });
  });

  test.each([
    ['drains', { code: 1001, reason: 'drain' }],
    ['ends a stream at its age', { code: 1001, reason: 'max-age' }],
  ])('says so when the service %s, and closes by the book', async (_, close) => {
    const { url, drain } = await startService({ maxStreamAgeSeconds: 1, maxStreamAgeJitter: 0, stickiness: 'none' });
    const client = await openSocket(`${url}/events/ws?channel=a`);
    await client.message('stream:open');
    if (close.reason === 'drain') void drain(10);
    expect(await client.closed).toEqual(close);
    expect(client.messages.at(-1)).toEqual({
      type: 'stream:close',
      data: { reason: close.reason, retryMs: expect.any(Number) },
    });
    expect(await metric(url, 'sse_streams_active')).toBe(0);
  });

  test('closes a reader that stalls, which resumes without a loss', async () => {
    const { url } = await startService({ slowClientBytes: 300_000 });
    const slow = await openSocket(`${url}/events/ws?channel=a`);
    const { id } = await slow.message('stream:open');
    slow.socket.pause();
    for (let number = 0; number < 200; number++)
      await publish(url, 'a', { data: { number, filler: 'x'.repeat(60_000) } });
    while ((await metric(url, 'sse_slow_clients_total')) === 0);
    const resumed = await openSocket(`${url}/events/ws?channel=a&cursor=${id}`);
    const received = (await resumed.data(200)) as { number: number }[];
    expect(received.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  }, 20_000);

  test('takes nothing from its client', async () => {
    const { url } = await startService();
    const [small, large] = await Promise.all([1, 2].map(() => openSocket(`${url}/events/ws?channel=a`)));
    small?.socket.send('hello');
    large?.socket.send('x'.repeat(126));
    expect(await small?.closed).toEqual({ code: 1003, reason: 'this stream takes no messages' });
    expect((await large?.closed)?.code).toBe(1009);
    while ((await metric(url, 'sse_streams_active')) > 0);
  });

  test('forgets a client that leaves, with a close or without', async () => {
    const { url } = await startService();
    const [polite, sudden] = await Promise.all([1, 2].map(() => openSocket(`${url}/events/ws?channel=a`)));
    await Promise.all([polite?.message('stream:open'), sudden?.message('stream:open')]);
    polite?.socket.close(1000);
    sudden?.socket.terminate();
    expect((await polite?.closed)?.code).toBe(1000);
    while ((await metric(url, 'sse_streams_active')) > 0);
  });
});

describe('a WebSocket is refused before the upgrade', () => {
  test('where the replica is full, with a time to come back', async () => {
    const { url } = await startService({ maxStreams: 1 });
    await openSocket(`${url}/events/ws?channel=a`);
    const refused = await refusal(openSocket(`${url}/events/ws?channel=a`));
    expect([refused.status, refused.headers['content-type']]).toEqual([
      503,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('for pages of other sites, but not for our own and for programs', async () => {
    const { url } = await startService({}, { corsOrigins: ['https://app.example.com'] });
    const from = (origin: string) => openSocket(`${url}/events/ws?channel=a`, { origin });
    expect(await refusal(from('https://evil.example.com'))).toMatchObject({
      status: 403,
      body: expect.stringContaining('https://evil.example.com'),
    });
    await Promise.all([from('https://app.example.com'), from(url), openSocket(`${url}/events/ws?channel=a`)]);
  });

  test.each([
    ['a bad channel', 'channel=a%20b', 400],
    ['no channel', '', 400],
    ['an unknown heartbeat', 'channel=a&heartbeat=loud', 400],
  ])('for %s', async (_, query, status) => {
    const { url } = await startService();
    expect(await refusal(openSocket(`${url}/events/ws?${query}`))).toMatchObject({ status });
  });

  test('and without one a plain request is told to ask for it', async () => {
    const { url } = await startService();
    const response = await fetch(`${url}/events/ws?channel=a`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      426,
      expect.stringContaining('application/problem+json'),
    ]);
  });
});

describe('an upgrade that is offered and not needed', () => {
  const body = '{"data":"from Java"}';

  test.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'],
    [
      'a WebSocket elsewhere',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    ],
  ])('is ignored: %s', async (_, offer) => {
    const { url } = await startService();
    const post = `POST /channels/a/events HTTP/1.1\r\nHost: x\r\n${offer}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    // head and body in pieces of their own, then a second request on the same connection
    const answers = await exchange(url, [post, body, 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 200']);
  });
});

test.each([0, 1, 125, 126, 65_535, 65_536])('a frame of %i bytes says its length as RFC 6455 §5.2 wants it', (size) => {
  const frame = textFrame('x'.repeat(size));
  const head = { 0: [0x81, 0], 1: [0x81, 1], 125: [0x81, 125], 126: [0x81, 126, 0, 126] }[size];
  if (head) expect([...frame.subarray(0, head.length)]).toEqual(head);
  expect(frame.length - size).toBe(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  expect(frame.subarray(frame.length - size).toString()).toBe('x'.repeat(size));
});

/** Sends pieces one by one, and returns all that comes back until the connection ends. */
function exchange(url: string, pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', async () => {
      socket.setNoDelay(true);
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((next) => setTimeout(next, 20));
      }
    });
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
