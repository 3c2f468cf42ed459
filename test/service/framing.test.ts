import fc from 'fast-check';
import { cursorPattern } from '../../lib/policy/index.ts';
import { post, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom, type TestStream } from '../support/stream.ts';
import { readWire } from '../support/wire.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

/** What forges lines, ends chunks or confuses decoders, and the pieces that forged lines are made of. */
const nasty = [
  ...['\r', '\n', '\r\n', '\n\n', '\r\r', '\u0000', '\u000b', '\u0085', '\u2028', '\u2029', '\ufeff', '\ufffe'],
  ...['\ud800', '\udfff', '💥', 'é', '\\', '"', ':', ' ', '0\r\n\r\n', '%0a', '%0d'],
  ...['data: forged', 'id: 0', 'event: stream:close', 'retry: 1', '__proto__', 'a'],
];

const nastyText = fc.string({ unit: fc.constantFrom(...nasty), maxLength: 8 });
const anyText = fc.oneof(nastyText, fc.string({ unit: 'binary', maxLength: 20 }));
const anyData = fc.oneof(
  anyText,
  fc.jsonValue({ stringUnit: fc.constantFrom(...nasty), maxDepth: 3 }),
  fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }),
);

/** As a client sees it that can be trusted with nothing but bytes: what came after the first `seen` of them. */
const since = (stream: TestStream, seen: number) => readWire(stream.bytes().subarray(seen));

const isHeartbeat = ({ comment, event }: { comment?: string; event?: string }): boolean =>
  comment !== undefined || event === 'heartbeat';

describe('whatever is published', () => {
  test('is one event with the same data on every kind of stream, or is refused and leaves no trace', async () => {
    const { url } = await startService({ heartbeatSeconds: 1, maxStreams: 1000 });
    const shapes = ['', '&envelope=1', '&heartbeat=event', '&envelope=1&heartbeat=event'];
    const streams = await Promise.all(shapes.map((shape) => openStream(`${url}/events?channel=a${shape}`)));
    await Promise.all(streams.map((stream) => stream.event('stream:open')));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(anyData, fc.option(anyText, { nil: undefined }), async (data, type) => {
        const seen = streams.map((stream) => stream.bytes().length);
        const response = await post(url, 'a', { type, data });
        if (response.status !== 202) {
          refused++;
          expect(response.status).toBe(400);
        }
        // an event that nothing is wrong with: when it is there, whatever came before it is there too
        const [last] = await publish(url, 'a', { type: 'last', data: 'last' });
        await Promise.all(streams.map((stream) => stream.until(() => stream.events.some(({ id }) => id === last))));
        const { ids = [] } = (await response.json()) as { ids?: string[] };
        const text = JSON.stringify(data);
        const named = type === undefined ? {} : { event: type };
        const wrapped = `{"channel":"a","type":${JSON.stringify(type ?? 'message')},"data":${text}}`;
        const expected = shapes.map((shape) =>
          ids.map((id) => ({ id, ...named, data: shape.includes('envelope') ? wrapped : text })),
        );

        const wire = streams.map((stream, index) => since(stream, seen[index] ?? 0).filter((one) => !isHeartbeat(one)));
        expect(wire.map((blocks) => blocks.slice(0, -1))).toEqual(expected);
        expect(streams.map(({ events }) => events.filter(({ id }) => ids.includes(id ?? '')).map(asBlock))).toEqual(
          expected,
        );
      }),
      { numRuns: 300 },
    );
    await Promise.all([streams[0]?.until(() => streams[0]?.comments.length !== 0), streams[2]?.event('heartbeat')]);

    expect(refused).toBeGreaterThan(10);
    for (const stream of streams) readWire(stream.bytes());
  }, 20_000);

  test.each<[string, unknown]>([
    ['a line of 64 KiB', 'x'.repeat(65_000)],
    ['64 KiB of line breaks', '\r\n'.repeat(16_000)],
    ['64 KiB of characters that are three bytes each', '\u2028'.repeat(21_000)],
    ['a whole forged event', '\n\nid: 0\nevent: stream:close\ndata: {"reason":"revoked"}\n\n'],
    ['the end of a chunked body', '\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['NUL', '\u0000'],
    ['half a surrogate pair', '\ud83d'],
    ['a byte order mark', '\ufeff'],
    ['zero', 0],
    ['nothing', ''],
  ])('%s comes through as data', async (_, data) => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a`);
    await stream.event('stream:open');
    await publish(url, 'a', { data });

    expect(await stream.data(1)).toEqual([data]);
    expect(readWire(stream.bytes())).toHaveLength(2);
  });

  test.each([
    ['an id', { id: '0', data: 1 }],
    ['an id of many lines', { id: '1\ndata: forged', data: 1 }],
    ['a retry', { retry: 1, data: 1 }],
    ['a comment', { comment: 'x\n\ndata: forged', data: 1 }],
    ['a type of many lines', { type: 'a\ndata: forged', data: 1 }],
    ['a type with CR', { type: 'a\rdata: forged', data: 1 }],
    ['a type with half a surrogate pair', { type: 'a\ud800', data: 1 }],
  ])('%s of the publisher’s own is refused', async (_, event) => {
    const { url } = await startService();
    expect((await post(url, 'a', event)).status).toBe(400);
  });
});

describe('whatever a client opens a stream with', () => {
  const places: readonly [string, (text: string) => string][] = [
    ['lastEventId', (text) => `channel=a&lastEventId=${text}`],
    ['type', (text) => `channel=a&type=${text}`],
    ['channel', (text) => `channel=${text}`],
    ['heartbeat', (text) => `channel=a&heartbeat=${text}`],
    ['envelope', (text) => `channel=a&envelope=${text}`],
    ['a name of its own', (text) => `channel=a&${text}=1&__proto__=x`],
  ];

  test.each(places)('%s is refused, or comes to nothing but what the service means to say', async (_, query) => {
    const { url } = await startService();
    await fc.assert(
      fc.asyncProperty(percentEncoded, async (text) => {
        await isHarmless(`${url}/events?${query(text)}`);
      }),
      { numRuns: 60 },
    );
  });

  test('Last-Event-ID is repeated as a cursor or not at all, by a stream and by a soft refusal', async () => {
    const free = await startService();
    const full = await startService({ maxStreams: 1 });
    await openStream(`${full.url}/events?channel=a`);
    // what a header can carry at all: Node and nginx refuse CR, LF and NUL in it
    const header = fc.oneof(fc.constantFrom('0', 'id: 0', '\u0085', '\u00a0', ':', 'a:b', '\ufeff'), latin1);
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        const value = Buffer.from(text).toString('latin1');
        for (const { url } of [free, full]) await isHarmless(`${url}/events?channel=a`, value);
      }),
      { numRuns: 60 },
    );
  });

  test('Idempotency-Key names a publish and goes no further', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a`);
    await stream.event('stream:open');
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constantFrom('"a"', 'id: 0', ':', '"', '\u00a0'), latin1), async (text) => {
        const key = Buffer.from(text).toString('latin1');
        const headers = { 'content-type': 'application/json', 'idempotency-key': key };
        const response = await fetch(`${url}/channels/a/events`, { method: 'POST', headers, body: '{"data":1}' });
        if (response.status === 202) accepted++;
        else expect(response.status).toBe(400);
      }),
      { numRuns: 60 },
    );
    const [last] = await publish(url, 'a', { data: 'last' });
    await stream.until(() => stream.events.some(({ id }) => id === last));

    expect(accepted).toBeGreaterThan(0);
    expect(readWire(stream.bytes()).filter(({ data }) => data !== '1' && data !== '"last"')).toMatchObject([
      { event: 'stream:open' },
    ]);
  });

  test.each(['%00', '%0aid:%200', '%0d%0adata:%20x', '%ff', '%', '%c0%8a', '%e2%80%a8'])(
    '%s in the place of a channel that is published to is refused',
    async (channel) => {
      const { url } = await startService();
      const response = await post(url, channel, { data: 1 });

      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    },
  );
});

const latin1 = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });

/** Percent-encoded text, and bytes that are no text. */
const percentEncoded = fc.oneof(
  anyText.map((text) => encodeURIComponent(Buffer.from(text).toString())),
  fc
    .uint8Array({ minLength: 1, maxLength: 8 })
    .map((bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')),
);

/** Either a problem, or a body of whole events that are all the service's own. */
async function isHarmless(url: string, cursor?: string): Promise<void> {
  const stream = await openStream(url, cursor === undefined ? {} : resumeFrom(cursor));
  if (stream.status !== 200) {
    expect([stream.status, stream.headers['content-type']]).toEqual([
      400,
      expect.stringContaining('application/problem+json'),
    ]);
    return;
  }
  await stream.until(() => stream.events.some(({ event }) => event === 'stream:open' || event === 'stream:close'));
  const blocks = readWire(stream.bytes());
  stream.close();
  expect(blocks.filter(({ event }) => !event?.startsWith('stream:'))).toEqual([]);
  expect(blocks.filter(({ id }) => id !== undefined && !new RegExp(cursorPattern).test(id))).toEqual([]);
}

function asBlock({ id, event, data }: { id?: string | undefined; event?: string | undefined; data: string }) {
  return { id, ...(event !== undefined && { event }), data };
}
