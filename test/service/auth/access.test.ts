import { publish, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { admin, bearer, jwt, now, token } from '../../support/tokens.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const start = async (): Promise<string> => (await startService({}, { auth: jwt })).url;

const send = (url: string, channel: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`${url}/channels/${channel}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"data":1}',
  });

describe('subscribing', () => {
  test.each([
    ['a channel that is granted', 'channel=a', 200],
    ['a channel of a granted pattern', 'channel=room.7', 200],
    ["the user's own channel, which nobody grants", 'channel=user:ada', 200],
    ['all of them at once', 'channel=a&channel=room.1&channel=user:ada', 200],
    ['a channel outside the grant', 'channel=b', 403],
    ['one outside among others inside', 'channel=a&channel=b', 403],
    ['a channel that only begins like a granted one', 'channel=ab', 403],
    ['a channel shorter than the pattern', 'channel=room', 403],
    ["somebody else's own channel", 'channel=user:bob', 403],
    ["a channel below the user's own", 'channel=user:ada.x', 403],
  ])('to %s: %s is %i', async (_, query, status) => {
    const url = await start();
    expect((await openStream(`${url}/events?${query}`, bearer(token()))).status).toBe(status);
  });

  test('to a channel outside the grant is refused with its name', async () => {
    const url = await start();
    const response = await fetch(`${url}/events?channel=a&channel=secret.plans`, { headers: bearer(token()) });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('secret.plans') });
  });

  test('needs no grant for the own channel, and a name that only looks like a pattern is none', async () => {
    const url = await start();
    expect((await openStream(`${url}/events?channel=user:ada`, bearer(token({ sse: undefined })))).status).toBe(200);
    expect((await openStream(`${url}/events?channel=user:bob`, bearer(token({ sub: '*' })))).status).toBe(403);
  });

  test('ends with the token, says so, and is refused afterwards', async () => {
    const url = await start();
    const short = token({ exp: now() + 2 });
    const stream = await openStream(`${url}/events?channel=a`, bearer(short));
    await stream.ended;

    expect(stream.events.at(-1)).toMatchObject({ event: 'stream:close', data: '{"reason":"token-expired"}' });
    expect((await openStream(`${url}/events?channel=a`, bearer(short))).status).toBe(401);
  });
});

describe('publishing', () => {
  test('needs a grant for the channel, and one to subscribe is not enough', async () => {
    const url = await start();
    const reader = token({ sse: { subscribe: ['*'] } });
    expect((await send(url, 'room.1', bearer(token()))).status).toBe(202);
    expect((await send(url, 'b', bearer(token()))).status).toBe(403);
    expect((await send(url, 'user:ada', bearer(token()))).status).toBe(403);
    expect((await send(url, 'a', bearer(reader))).status).toBe(403);
    expect((await send(url, 'a', {})).status).toBe(401);
  });

  test('reaches those who may subscribe', async () => {
    const url = await start();
    const stream = await openStream(`${url}/events?channel=a`, bearer(token()));
    await stream.event('stream:open');
    await send(url, 'a', bearer(admin()));
    expect(await stream.data(1)).toEqual([1]);
  });
});

describe('without a token', () => {
  test.each([
    ['GET', '/events?channel=a'],
    ['POST', '/channels/a/events'],
    ['POST', '/tickets'],
    ['DELETE', '/users/ada/streams'],
  ])('%s %s is 401, with a challenge that names no error', async (method, path) => {
    const url = await start();
    const response = await fetch(`${url}${path}`, { method, headers: { accept: 'text/event-stream, */*' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="sse-kit"');
  });

  test.each(['/', '/livez', '/readyz', '/metrics'])('%s is open', async (path) => {
    const url = await start();
    expect((await fetch(`${url}${path}`)).status).toBe(200);
  });

  test('an unknown path is 404, whoever asks', async () => {
    expect((await fetch(`${await start()}/nothing`)).status).toBe(404);
  });

  test('everything is open where there is no authentication', async () => {
    const { url } = await startService();
    await publish(url, 'a', { data: 1 });
    expect((await openStream(`${url}/events?channel=user:ada`, bearer('nonsense'))).status).toBe(200);
  });
});

describe('the credential that counts is', () => {
  const good = (): string => token();
  const cookie = (value: string): Record<string, string> => ({ cookie: `theme=dark; sse_token=${value}` });

  test.each<[string, () => [string, Record<string, string>], number]>([
    ['the bearer token', () => ['', bearer(good())], 200],
    ['the bearer token, its scheme in any case', () => ['', { authorization: `bearer ${good()}` }], 200],
    ['token=', () => [`&token=${good()}`, {}], 200],
    ['the cookie', () => ['', cookie(good())], 200],
    [
      'the bearer token before token= and the cookie',
      () => ['&token=bad', { ...bearer(good()), ...cookie('bad') }],
      200,
    ],
    ['token= before the cookie', () => [`&token=${good()}`, cookie('bad')], 200],
    ['the ticket before all others', () => [`&ticket=bad&token=${good()}`, { ...bearer(good()) }], 401],
    ['a bad bearer token, whatever the cookie is', () => ['', { ...bearer('bad'), ...cookie(good()) }], 401],
    ['none of those that are empty', () => ['&token=&ticket=', cookie(good())], 200],
    ['no token that is given twice', () => [`&token=${good()}&token=${good()}`, {}], 401],
    ['no Authorization of another scheme', () => ['', { authorization: 'Basic YTpi', ...cookie(good()) }], 401],
    ['no Authorization without a token', () => ['', { authorization: 'Bearer' }], 401],
    ['no Authorization with two tokens', () => ['', { authorization: `Bearer ${good()} ${good()}` }], 401],
    ['no other cookie', () => ['', { cookie: `token=${good()}` }], 401],
  ])('%s', async (_, make, status) => {
    const [query, headers] = make();
    const url = await start();
    expect((await openStream(`${url}/events?channel=a${query}`, headers)).status).toBe(status);
  });
});
