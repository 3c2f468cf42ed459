import fc from 'fast-check';
import { exchange, responseIn } from '../support/raw.ts';
import { metric, publish, type RunningService, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService({ maxEventBytes: 1024 }, { corsOrigins: ['https://app.example'] });
});
afterEach(closeStreams);
afterAll(stopServices);

const ending = 'Host: x\r\nConnection: close\r\n';
const get = (target: string, more = ''): string => `GET ${target} HTTP/1.1\r\n${ending}${more}\r\n`;
const post = (body: string, more = '', type = 'application/json'): string =>
  `POST /channels/a/events HTTP/1.1\r\n${ending}Content-Type: ${type}\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A stream opens and an event arrives: whatever came before, the service is well. */
async function stillServes(): Promise<void> {
  const stream = await openStream(`${service.url}/events?channel=well`);
  await stream.event('stream:open');
  await publish(service.url, 'well', { data: 'well' });
  expect(await stream.data(1)).toEqual(['well']);
  stream.close();
}

describe('what cannot be read', () => {
  test.each<[string, string, number]>([
    ['no HTTP at all', '\u0016\u0003\u0001 hello\r\n\r\n', 400],
    ['a version that is none', `GET /livez HTTP/9.9\r\n${ending}\r\n`, 400],
    ['a method that is none', `FETCH /livez HTTP/1.1\r\n${ending}\r\n`, 400],
    ['a space before the colon', `GET /livez HTTP/1.1\r\nHost : x\r\n\r\n`, 400],
    ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['a NUL in the target', get('/channels/a\0b'), 400],
    ['a NUL in a header', get('/livez', 'X-Y: a\0b\r\n'), 400],
    ['a line feed alone', 'GET /livez HTTP/1.1\nHost: x\n\n', 400],
    ['two lengths', post('{"data":1}', 'Content-Length: 3\r\n'), 400],
    ['a length and chunks', post('{"data":1}', 'Transfer-Encoding: chunked\r\n'), 400],
    ['a length below nothing', `POST /tickets HTTP/1.1\r\n${ending}Content-Length: -1\r\n\r\n`, 400],
    [
      'a chunk without a size',
      `POST /channels/a/events HTTP/1.1\r\n${ending}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`,
      400,
    ],
    ['headers beyond 16 KiB', get('/livez', `X-Long: ${'x'.repeat(20_000)}\r\n`), 431],
    ['a target beyond 16 KiB', get(`/events?channel=${'x'.repeat(20_000)}`), 431],
    ['very many headers beyond 16 KiB', get('/livez', 'X: y\r\n'.repeat(9000)), 431],
  ])('is refused with a problem: %s', async (_, bytes, status) => {
    const { text, closed } = await exchange(service.url, bytes);
    const response = responseIn(text);
    expect([closed, response.status, response.headers['content-type']]).toEqual([
      true,
      status,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(JSON.parse(response.body)).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
    await stillServes();
  });
});

describe('what can be read and makes no sense', () => {
  test.each<[string, string, number]>([
    ['a percent that encodes nothing', get('/channels/%zz/events'), 400],
    ['a channel with an encoded NUL', get('/events?channel=%00', 'Accept: text/event-stream\r\n'), 400],
    ['a channel with a line break', get('/events?channel=a%0d%0ab', 'Accept: text/event-stream\r\n'), 400],
    ['a channel too long', get(`/events?channel=${'x'.repeat(129)}`), 400],
    ['101 channels', get(`/events?${Array.from({ length: 101 }, (__, index) => `channel=${index}`).join('&')}`), 400],
    [
      'a path parameter too long',
      `POST /channels/${'x'.repeat(3000)}/events HTTP/1.1\r\n${ending}Content-Length: 0\r\n\r\n`,
      414,
    ],
    ['a path nobody knows', get('/../../etc/passwd'), 404],
    ['an expectation', get('/livez', 'Expect: miracles\r\n'), 417],
    ['a body that is no JSON', post('{"data":'), 400],
    ['a body of another kind', post('data=1', '', 'text/plain'), 415],
    ['a body that would change prototypes', post('{"__proto__":{"admin":true},"data":1}'), 400],
    ['an empty body', post(''), 400],
    ['a body that is no event', post('[[]]'), 400],
    ['an event too large', post(JSON.stringify({ data: 'x'.repeat(2000) })), 413],
    ['a body too large', post(JSON.stringify({ data: 'x'.repeat(50_000) })), 413],
    ['a type that breaks its line', post('{"type":"a\\nid: 0","data":1}'), 400],
  ])('is refused with a problem: %s', async (_, bytes, status) => {
    const { status: answered, headers, body } = responseIn((await exchange(service.url, bytes)).text);
    expect([answered, headers['content-type']]).toEqual([status, expect.stringContaining('application/problem+json')]);
    expect(JSON.parse(body)).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  });

  test.each(['GET /events?channel=a\r\n\r\n', 'GET /events?channel=a HTTP/1.0\r\n\r\n'])(
    'before HTTP/1.1 a stream has no chunks: %j',
    async (bytes) => {
      const { headers, body } = responseIn((await exchange(service.url, bytes, 200)).text);
      expect([headers['transfer-encoding'], body.slice(0, 7)]).toEqual([undefined, 'retry: ']);
    },
  );

  test('a client of HTTP/1.0 that knows chunks gets chunks, and hears so', async () => {
    const { text } = await exchange(service.url, 'GET /events?channel=a HTTP/1.0\r\nTE: chunked\r\n\r\n', 200);
    const { headers, body } = responseIn(text);
    expect([headers['transfer-encoding'], body]).toEqual(['chunked', expect.stringMatching(/^[0-9a-f]+\r\nretry: /)]);
  });

  test('very many query keys cost nothing', async () => {
    const keys = Array.from({ length: 3000 }, (_, index) => `k${index}=`).join('&');
    expect(responseIn((await exchange(service.url, get(`/livez?${keys.slice(0, 15_000)}`))).text).status).toBe(200);
  });
});

describe('a method that a path does not know', () => {
  const paths: readonly [path: string, allow: string][] = [
    ['/events', 'GET'],
    ['/channels/a/events', 'POST'],
    ['/livez', 'GET, HEAD'],
    ['/readyz', 'GET, HEAD'],
    ['/metrics', 'GET, HEAD'],
    ['/', 'GET, HEAD'],
  ];
  const cases = paths.flatMap(([path, allow]) =>
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'HEAD', 'PROPFIND']
      .filter((method) => !allow.split(', ').includes(method))
      .map((method) => [method, path, allow] as const),
  );

  test.each(cases)('%s %s is 405, with the ones it knows', async (method, path, allow) => {
    const { text, closed } = await exchange(service.url, `${method} ${path} HTTP/1.1\r\n${ending}\r\n`);
    const { status, headers, body } = responseIn(text);
    expect([closed, status, headers.allow?.split(', ').sort().join(', ')]).toEqual([true, 405, allow]);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body === '').toBe(method === 'HEAD');
  });

  test('OPTIONS is CORS’s, whoever asks; CONNECT ends the connection', async () => {
    const options = responseIn((await exchange(service.url, `OPTIONS /events HTTP/1.1\r\n${ending}\r\n`)).text);
    const tunnel = await exchange(service.url, 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect([options.status, tunnel]).toEqual([204, { text: '', closed: true }]);
  });
});

describe('garbage behind a stream’s request', () => {
  const request = 'GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n';
  const garbage = 'garbage\r\n'.repeat(50);

  test('in one breath is the end of the connection', async () => {
    expect(await exchange(service.url, `${request}${garbage}`)).toEqual({ text: '', closed: true });
  });

  test.each([garbage, request, post('{"data":"more"}')])('later is dropped, and the stream goes on', async (more) => {
    const { text, closed } = await exchange(service.url, request, 500, more);
    expect([text.match(/HTTP\/1/g), closed]).toEqual([['HTTP/1'], false]);
  });
});

test('whatever comes in, one connection at a time or in one breath, the service goes on', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      'HEAD ',
      '/events?channel=a',
      '/channels/a/events',
      ' HTTP/1.1',
      '\r\n',
      '\n',
      '\0',
    ),
    fc.constantFrom(
      'Host: x\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Expect: 100-continue\r\n',
    ),
    fc.constantFrom(
      '{"data":1}',
      '%00',
      '%',
      '5\r\nhello\r\n',
      '0\r\n\r\n',
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const requests = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 10, maxLength: 10 }), async (many) => {
      const answers = await Promise.all(many.map((bytes) => exchange(service.url, Buffer.from(bytes, 'latin1'), 150)));
      for (const { text } of answers) expect(text).toMatch(/^(HTTP\/1\.[01] [1-5]\d\d |$)/);
    }),
    { numRuns: 20 },
  );
  await stillServes();
  expect(await metric(service.url, 'sse_streams_active')).toBeLessThanOrEqual(1);
}, 20_000);
