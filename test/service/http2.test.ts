import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { certificateFiles, createCertificate, writeCertificate } from '../support/certificate.ts';
import { ask, closeSessions, openHttp2Stream, openSession } from '../support/http2.ts';
import { stopPrograms } from '../support/programs.ts';
import { startService, stopServices } from '../support/service.ts';
import { closeSockets, openSocket } from '../support/web-socket.ts';

afterEach(async () => {
  closeSessions();
  closeSockets();
  await stopServices();
});
afterAll(stopPrograms);

const json = { 'content-type': 'application/json' };
const eventsOf = (channel: string): Record<string, string> => ({
  ':method': 'POST',
  ':path': `/channels/${channel}/events`,
  ...json,
});
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('a hundred streams over one connection get each event once, and publishing goes over the same', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  const session = openSession(url);
  const streams = await Promise.all(numbers(100).map(() => openHttp2Stream(session, '/events?channel=a')));
  for (const stream of streams) await stream.until(() => stream.events.length > 0);
  for (const number of numbers(20)) {
    const { headers, text } = await ask(session, eventsOf('a'), JSON.stringify({ data: number }));
    expect([headers[':status'], JSON.parse(text)]).toEqual([202, { ids: [expect.any(String)] }]);
  }

  for (const stream of streams) expect(await stream.data(20)).toEqual(numbers(20));
  expect(streams[0]?.headers).toMatchObject({
    ':status': 200,
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
  });
  expect(streams[0]?.headers).not.toHaveProperty('connection');
  expect(streams[0]?.headers).not.toHaveProperty('transfer-encoding');
});

test('the diagnostics share a connection too, and end when they are done or left', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  const session = openSession(url);
  const done = await openHttp2Stream(session, '/diagnostics/stream?interval=0.05&count=3');
  await done.ended;
  const left = await openHttp2Stream(session, '/diagnostics/stream?interval=1&count=100');
  await left.until(() => left.events.length > 0);
  left.raw.close();
  while (!(await ask(session, { ':path': '/metrics' })).text.includes('\nsse_streams_active 0\n'));

  expect(done.events.filter(({ event }) => event === 'tick')).toHaveLength(3);
  expect(JSON.parse(done.events.find(({ event }) => event === 'diagnostics')?.data ?? '')).toMatchObject({
    http: '2.0',
    tls: true,
  });
});

test('a WebSocket comes over TLS as well, beside streams over HTTP/2', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  const socket = await openSocket(`${url}/events/ws?channel=a`);
  await ask(openSession(url), eventsOf('a'), JSON.stringify({ data: 'over TLS' }));

  expect(await socket.data(1)).toEqual(['over TLS']);
});

test('a stream that is not read holds up no other, and is closed as slow', async () => {
  const { url, app } = await startService({ slowClientBytes: 300_000 }, { tls: certificateFiles() });
  const session = openSession(url);
  const [quick, stalled] = await Promise.all([
    openHttp2Stream(session, '/events?channel=a'),
    openHttp2Stream(session, '/events?channel=a'),
  ]);
  await quick.until(() => quick.events.length > 0);
  stalled.raw.pause();
  const filler = 'x'.repeat(50_000);
  for (const number of numbers(40)) {
    await ask(session, eventsOf('a'), JSON.stringify({ data: { number, filler } }));
    await quick.data(number + 1);
  }

  const { text } = await ask(session, { ':path': '/metrics' });
  expect(text).toContain('\nsse_slow_clients_total 1\n');
  expect(await quick.data(40)).toHaveLength(40);
  expect(app.server.listening).toBe(true);
}, 20_000);

test('clients of HTTP/1.1 come in by the same port', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  const headers = await new Promise((resolve, reject) => {
    get(`${url}/events?channel=a`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.once('data', (piece: Buffer) => {
        resolve({ version: response.httpVersion, ...response.headers, text: piece.toString() });
        response.destroy();
      });
    }).on('error', reject);
  });
  expect(headers).toMatchObject({
    version: '1.1',
    connection: 'close',
    'transfer-encoding': 'chunked',
    text: expect.stringMatching(/^retry: \d+\nid: .*\nevent: stream:open/),
  });
});

test('what a client of HTTP/1.1 sends behind its stream’s request is not answered in the middle of the stream', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  for (const more of ['GET /livez HTTP/1.1\r\nHost: x\r\n\r\n', 'garbage\r\n\r\n']) {
    const socket = connectTls(Number(new URL(url).port), '127.0.0.1', { rejectUnauthorized: false });
    let text = '';
    socket.on('error', () => {});
    socket.write('GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.once('data', () => socket.write(more));
    socket.on('data', (piece) => {
      text += piece.toString();
    });
    await once(socket, 'data');
    // both connections and their loop are ours: an answer would have come by the time of this one
    await new Promise((resolve) => get(`${url}/livez`, { rejectUnauthorized: false, agent: false }, resolve));
    expect(text.match(/HTTP\/1/g)).toHaveLength(1);
    socket.destroy();
  }
});

test('a drain tells the session to go, lets its streams end one by one, and opens no new ones', async () => {
  const service = await startService({}, { tls: certificateFiles() });
  const session = openSession(service.url);
  const goaways: number[] = [];
  session.on('goaway', (code) => goaways.push(code));
  const streams = await Promise.all(numbers(10).map(() => openHttp2Stream(session, '/events?channel=a')));
  for (const stream of streams) await stream.until(() => stream.events.length > 0);
  const gone = new Promise((resolve) => session.on('close', resolve));
  const drained = service.drain(300);
  const late = await openHttp2Stream(openSession(service.url), '/events?channel=a');
  await Promise.all([drained, ...streams.map(({ ended }) => ended), gone]);

  expect(goaways[0]).toBe(0);
  expect(late.headers['x-sse-soft-fail']).toBe('draining');
  for (const { events } of streams) {
    expect(events.at(-1)).toMatchObject({ event: 'stream:close', data: '{"reason":"drain"}' });
  }
});

test('the service ends with a session that stays, and with a connection that never finishes its handshake', async () => {
  const service = await startService({}, { tls: certificateFiles() });
  const stubborn: TLSSocket = connectTls(Number(new URL(service.url).port), '127.0.0.1', {
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  });
  stubborn.on('error', () => {});
  const silent = connect(Number(new URL(service.url).port), '127.0.0.1').on('error', () => {});
  await Promise.all([once(stubborn, 'secureConnect'), once(silent, 'connect')]);
  await service.drain(50);
  await service.app.close();
  stubborn.destroy();
  silent.destroy();
  expect(service.app.server.listening).toBe(false);
});

test('turns streams away softly, knows other origins, and refuses with problems', async () => {
  const { url } = await startService(
    { maxStreams: 1 },
    { tls: certificateFiles(), corsOrigins: ['https://app.example'] },
  );
  const session = openSession(url);
  const first = await openHttp2Stream(session, '/events?channel=a', { origin: 'https://app.example' });
  const refused = await openHttp2Stream(session, '/events?channel=a');
  await refused.ended;
  const { headers, text } = await ask(session, { ':path': '/nothing' });

  expect(first.headers['access-control-allow-origin']).toBe('https://app.example');
  expect(refused.headers).toMatchObject({ ':status': 200, 'x-sse-soft-fail': 'limit' });
  expect(refused.events).toEqual([expect.objectContaining({ event: 'stream:close' })]);
  expect([headers[':status'], headers['content-type'], JSON.parse(text).status]).toEqual([
    404,
    expect.stringContaining('application/problem+json'),
    404,
  ]);
});

test('a client that resets its stream is gone, and one that leaves while it is opened too', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  const session = openSession(url);
  const stream = await openHttp2Stream(session, '/events?channel=a');
  session
    .request({ ':path': '/events?channel=b', accept: 'text/event-stream' })
    .on('error', () => {})
    .close(8);
  stream.raw.close(8);
  for (;;) {
    const { text } = await ask(session, { ':path': '/metrics' });
    if (text.includes('\nsse_streams_active 0\n')) break;
  }
});

test('a renewed certificate is taken without a restart; half of one leaves the old one in use', async () => {
  const files = certificateFiles(createCertificate('old'));
  const service = await startService({}, { tls: files });
  const shown = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const socket = connectTls(Number(new URL(service.url).port), '127.0.0.1', { rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const renewed = createCertificate('new');
  const before = await shown();
  writeCertificate(files, { ...renewed, key: createCertificate().key });
  service.reloadTls();
  const half = await shown();
  writeCertificate(files, renewed);
  service.reloadTls();

  expect([before, half, await shown()]).toEqual(['old', 'old', 'new']);
});

test('versions before TLS 1.2 are not spoken', async () => {
  const { url } = await startService({}, { tls: certificateFiles() });
  const refused = await new Promise((resolve) => {
    const options = {
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    connectTls(Number(new URL(url).port), '127.0.0.1', options, () => resolve(false)).on('error', () => resolve(true));
  });
  expect(refused).toBe(true);
});
