import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { defaults, serverTimersMs } from '../../lib/policy/index.ts';
import { certificateFiles } from '../support/certificate.ts';
import { closeSessions, openSession } from '../support/http2.ts';
import { stopPrograms } from '../support/programs.ts';
import { type RunningService, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';

/** Node looks for what is overdue each five seconds. */
const checkMs = 5000;

afterEach(async () => {
  closeSessions();
  closeStreams();
  await stopServices();
});
afterAll(stopPrograms);

/** The policy's timers are half a minute: shorter ones, on the same server. */
function hurry({ app: { server } }: RunningService): void {
  const { requestTimeout, headersTimeout } = serverTimersMs(defaults);
  expect({ requestTimeout: server.requestTimeout, headersTimeout: server.headersTimeout }).toEqual({
    requestTimeout,
    headersTimeout,
  });
  Object.assign(server, { headersTimeout: 300, requestTimeout: 600 });
}

/** Sends a beginning and then a byte now and then, and resolves with what it was told when the connection is closed. */
async function dribble(url: string, head: string, bytes: string): Promise<string> {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  let sent = 0;
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    text += piece.toString();
  });
  socket.write(head);
  const timer = setInterval(() => socket.write(bytes[sent++ % bytes.length] ?? 'x'), 100);
  await once(socket, 'close');
  clearInterval(timer);
  return text;
}

test('clients that dribble, never end their body, or send nothing are sent away; streams and others are not', async () => {
  const service = await startService();
  hurry(service);
  const { url } = service;
  const stream = await openStream(`${url}/events?channel=a`);
  await stream.event('stream:open');
  const began = performance.now();
  const [headers, body, silence] = await Promise.all([
    dribble(url, 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'and so on '),
    dribble(
      url,
      'POST /channels/a/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n',
      ' ',
    ),
    once(
      connect(Number(new URL(url).port), '127.0.0.1')
        .on('error', () => {})
        .resume(),
      'close',
    ),
  ]);

  for (const text of [headers, body]) {
    expect(text).toMatch(/^HTTP\/1.1 408 Request Timeout\r\nContent-Type: application\/problem\+json/);
  }
  expect(silence).toEqual([expect.any(Boolean)]);
  expect(performance.now() - began).toBeLessThan(4 * checkMs);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const response = await fetch(`${url}/channels/a/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"data":"there"}',
  });
  expect(response.status).toBe(202);
  expect(await stream.data(1)).toEqual(['there']);
}, 40_000);

test('a body over HTTP/2 that never ends is reset, and its session goes on', async () => {
  const service = await startService({}, { tls: certificateFiles() });
  hurry(service);
  const session = openSession(service.url);
  const request = session.request({
    ':method': 'POST',
    ':path': '/channels/a/events',
    'content-type': 'application/json',
  });
  request.on('error', () => {});
  const timer = setInterval(() => request.write('x'), 100);
  await once(request, 'close');
  clearInterval(timer);
  expect(request.rstCode).not.toBe(0);
  expect(session.destroyed).toBe(false);
}, 40_000);
