import { startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { bearer, jwt, token } from '../../support/tokens.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const ours = 'https://app.example.com';
const theirs = 'https://evil.example';

const start = async (): Promise<string> => (await startService({}, { auth: jwt, corsOrigins: [ours] })).url;

const cookie = (): Record<string, string> => ({ cookie: `sse_token=${token()}` });

const send = (url: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`${url}/channels/a/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"data":1}',
  });

describe('publishing with the cookie', () => {
  test.each<[string, Record<string, string>, number]>([
    ['a page of the own host, as newer browsers say', { 'sec-fetch-site': 'same-origin' }, 202],
    ['a page of a configured origin', { origin: ours, 'sec-fetch-site': 'cross-site' }, 202],
    ['a page of a configured origin of the same site', { origin: ours, 'sec-fetch-site': 'same-site' }, 202],
    ['another site', { origin: theirs, 'sec-fetch-site': 'cross-site' }, 403],
    ['another site, in an older browser', { origin: theirs }, 403],
    ['another origin of the same site', { origin: 'https://other.example.com', 'sec-fetch-site': 'same-site' }, 403],
    ['a page without an origin, a sandboxed frame say', { origin: 'null' }, 403],
    ['an origin that only begins like ours', { origin: `${ours}.evil.example` }, 403],
    ['nobody knows where', {}, 403],
    ['the right place, as a form', { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }, 403],
    ['the right place, as no JSON', { 'sec-fetch-site': 'same-origin', 'content-type': 'application/jsonp' }, 403],
  ])('from %s is answered as it should', async (_, headers, status) => {
    const url = await start();
    expect((await send(url, { ...cookie(), ...headers })).status).toBe(status);
  });

  test('from a page of the own host works in older browsers too', async () => {
    const url = await start();
    expect((await send(url, { ...cookie(), origin: url })).status).toBe(202);
  });

  test('has rules that a bearer token does not need: no page sends one by itself', async () => {
    const url = await start();
    expect((await send(url, { ...bearer(token()), origin: theirs, 'sec-fetch-site': 'cross-site' })).status).toBe(202);
  });

  test('is not the only thing that is guarded: tickets are, without a body too', async () => {
    const url = await start();
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/tickets`, { method: 'POST', headers: { ...cookie(), ...headers } });
    expect((await ask({ 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await ask({ origin: theirs })).status).toBe(403);
  });
});

describe('a stream with the cookie', () => {
  test.each<[string, Record<string, string>, number]>([
    ['a page of the own host, which names no origin', {}, 200],
    ['a page of the own host', { 'sec-fetch-site': 'same-origin' }, 200],
    ['a page of a configured origin', { origin: ours, 'sec-fetch-site': 'cross-site' }, 200],
    ['another site', { origin: theirs, 'sec-fetch-site': 'cross-site' }, 403],
    ['another site, in an older browser', { origin: theirs }, 403],
    ['another site, as an image or the like', { 'sec-fetch-site': 'cross-site' }, 403],
  ])('from %s', async (_, headers, status) => {
    const url = await start();
    expect((await openStream(`${url}/events?channel=a`, { ...cookie(), ...headers })).status).toBe(status);
  });
});

describe('a page of another origin', () => {
  test('may read why it was refused, when it is a configured one', async () => {
    const url = await start();
    const response = await fetch(`${url}/events?channel=a`, { headers: { origin: ours } });
    expect(response.status).toBe(401);
    expect(response.headers.get('access-control-allow-origin')).toBe(ours);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
  });

  test('is asked for no token by the browser’s preflight', async () => {
    const url = await start();
    const response = await fetch(`${url}/users/ada/streams`, {
      method: 'OPTIONS',
      headers: {
        origin: ours,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('DELETE');
  });
});
