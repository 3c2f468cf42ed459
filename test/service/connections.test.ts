import { once } from 'node:events';
import { connect } from 'node:net';
import { definePolicy } from '../../lib/policy/index.ts';
import { Admission } from '../../service/admission.ts';
import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

/** Sends bytes and returns what has come back after a while. */
function raw(url: string, request: string, forMs = 400): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve, reject) => {
    let text = '';
    let closed = false;
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request));
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('close', () => {
      closed = true;
    });
    socket.on('error', reject);
    setTimeout(() => {
      resolve({ text, closed });
      socket.destroy();
    }, forMs);
  });
}

test('HEAD /events has no body and opens no stream', async () => {
  const { url } = await startService();
  const { text } = await raw(url, 'HEAD /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, body] = text.split('\r\n\r\n');
  expect({ body, opened: await metric(url, 'sse_streams_opened_total') }).toEqual({ body: '', opened: 0 });
});

test('two stream requests on one connection are not mixed into one body', async () => {
  const { url } = await startService();
  const { text } = await raw(
    url,
    'GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\nGET /events?channel=b HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  expect(text.match(/event: stream:open/g)).toHaveLength(1);
});

test('a client that has said its last word is gone at once', async () => {
  const { url } = await startService();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  expect(await metric(url, 'sse_streams_active')).toBe(1);
  socket.end();
  await once(socket, 'close');
  expect(await metric(url, 'sse_streams_active')).toBe(0);
});

test('what a client sends behind its request changes nothing', async () => {
  const { url } = await startService();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  socket.write('GET /events?channel=a HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.write('\0 no request at all '.repeat(10_000));
  await publish(url, 'a', { data: 'still here' });
  while (!text.includes('still here')) await once(socket, 'data');
  expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  socket.destroy();
});

test('a bad URL is answered with a problem', async () => {
  const { url } = await startService();
  const { text } = await raw(url, 'GET /channels/%zz/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(text).toContain('application/problem+json');
});

test('a client that ignores its retry does not send all others away for minutes', () => {
  let now = 0;
  const policy = definePolicy({ connectRatePerSecond: 10, maxStreams: 100, retryMs: 1000 });
  const admission = new Admission(policy, undefined, () => now);
  for (; now < 60_000; now++) admission.refuse(0); // one loop, a thousand requests a second, for a minute
  const waits = Array.from({ length: 20 }, () => admission.refuse(0)?.retryMs ?? 0);
  expect(Math.max(...waits)).toBeLessThan(600_000);
});
