import { poll } from '../support/poll.ts';
import { metric, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';
import { admin, jwt, now, token } from '../support/tokens.ts';
import { closeSockets, openSocket, type Refused } from '../support/web-socket.ts';

afterEach(async () => {
  closeStreams();
  closeSockets();
  await stopServices();
});

const bearer = (text: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${text}` },
});
const statusOf = (opening: Promise<unknown>): Promise<number> =>
  opening.then(
    () => 101,
    ({ status }: Refused) => status,
  );

describe('with authentication', () => {
  test.each([
    ['no token', 'channel=a', undefined, 401],
    ['a token that is none', 'channel=a', 'x.y.z', 401],
    ['a channel outside the grant', 'channel=a&channel=b', token(), 403],
    ['a channel of the grant', 'channel=a', token(), 200],
  ])('poll and WebSocket answer alike to %s', async (_, query, text, status) => {
    const { url } = await startService({}, { auth: jwt });
    const { headers } = text === undefined ? { headers: {} } : bearer(text);
    expect((await poll(url, query, { headers })).status).toBe(status);
    const upgraded = status === 200 ? 101 : status;
    expect(await statusOf(openSocket(`${url}/events/ws?${query}`, headers))).toBe(upgraded);
    expect(await statusOf(openSocket(`${url}/events/ws?${query}&token=${text ?? ''}`))).toBe(upgraded);
  });

  test('a WebSocket ends with its token, and with its user’s rights', async () => {
    const { url } = await startService({}, { auth: jwt });
    const short = await openSocket(`${url}/events/ws?channel=a&token=${token({ exp: now() + 2 })}`);
    const revoked = await openSocket(`${url}/events/ws?channel=a&token=${token({ sub: 'bob' })}`);
    await Promise.all([short.message('stream:open'), revoked.message('stream:open')]);
    await fetch(`${url}/users/bob/streams`, { method: 'DELETE', ...bearer(admin()) });
    expect(await revoked.closed).toEqual({ code: 1008, reason: 'revoked' });
    expect(await short.closed).toEqual({ code: 1008, reason: 'token-expired' });
  });

  test('a poll of a user whose rights are taken back ends, and the next is told to stay away', async () => {
    const { url } = await startService({}, { auth: jwt });
    const init = bearer(token());
    const { cursor } = await poll(url, 'channel=a', init);
    const waiting = poll(url, `channel=a&cursor=${cursor}&wait=30`, init);
    while ((await metric(url, 'sse_streams_active')) === 0);
    await fetch(`${url}/users/ada/streams`, { method: 'DELETE', ...bearer(admin()) });
    expect(await waiting).toMatchObject({ status: 200, events: [] });
    expect((await fetch(`${url}/events/poll?channel=a&cursor=${cursor}`, init)).status).toBe(204);
  });

  test('a user has so many streams on all edges together', async () => {
    const { url } = await startService({ maxStreamsPerUser: 2 }, { auth: jwt });
    const mine = token();
    await openStream(`${url}/events?channel=a`, bearer(mine).headers);
    await openSocket(`${url}/events/ws?channel=a`, bearer(mine).headers);
    while ((await metric(url, 'sse_streams_active')) < 2);
    expect(await poll(url, 'channel=a', bearer(mine))).toMatchObject({
      status: 429,
      detail: 'you have 2 streams here, and maxStreamsPerUser is 2',
    });
    expect(await statusOf(openSocket(`${url}/events/ws?channel=a&token=${mine}`))).toBe(429);
    expect((await poll(url, 'channel=a', bearer(token({ sub: 'bob' })))).status).toBe(200);
  });

  test('the filter of a stream is its user’s and the administrators’', async () => {
    const { url } = await startService({}, { auth: jwt });
    const stream = await openStream(`${url}/events?channel=a`, bearer(token()).headers);
    const { stream: id } = JSON.parse((await stream.event('stream:open')).data) as { stream: string };
    const as = async (text: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', ...bearer(text).headers };
      return (await fetch(`${url}/streams/${id}/types`, { method: 'PUT', headers, body: '{"types":["x"]}' })).status;
    };
    expect([await as(token({ sub: 'bob' })), await as(token()), await as(admin())]).toEqual([403, 204, 204]);
  });

  test('statistics are for administrators, diagnostics for whoever has a token, the document for everybody', async () => {
    const { url } = await startService({}, { auth: jwt });
    const status = async (path: string, init: RequestInit = {}): Promise<number> =>
      (await fetch(`${url}${path}`, init)).status;
    expect([await status('/stats', bearer(token())), await status('/stats', bearer(admin()))]).toEqual([403, 200]);
    expect([
      await status('/diagnostics/stream?count=1'),
      await status('/diagnostics/stream?count=1', bearer(token({ sse: {} }))),
    ]).toEqual([401, 200]);
    for (const path of ['/openapi.json', '/docs', '/docs/json', '/docs/static/swagger-ui.css'])
      expect([path, await status(path)]).toEqual([path, 200]);
  });
});
