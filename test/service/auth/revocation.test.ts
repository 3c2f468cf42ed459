import { EmbeddedBroker } from '../../../service/broker/embedded.ts';
import { metric, startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { admin, bearer, jwt, now, token } from '../../support/tokens.ts';

afterEach(async () => {
  jest.restoreAllMocks();
  closeStreams();
  await stopServices();
});

const start = async (): Promise<string> => (await startService({}, { auth: jwt })).url;

const revoke = (url: string, user = 'ada', value = admin()): Promise<Response> =>
  fetch(`${url}/users/${encodeURIComponent(user)}/streams`, { method: 'DELETE', headers: bearer(value) });

describe('DELETE /users/:user/streams', () => {
  test('ends the streams of that user and no other, and keeps them away until the token is renewed', async () => {
    const url = await start();
    const [old, other] = [token({ iat: now() - 10 }), token({ sub: 'bob' })];
    const streams = await Promise.all([1, 2].map(() => openStream(`${url}/events?channel=a`, bearer(old))));
    const bobs = await openStream(`${url}/events?channel=a`, bearer(other));
    const response = await revoke(url);
    await Promise.all(streams.map(({ ended }) => ended));

    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ user: 'ada', revokedAt: expect.any(String), endedHere: 2 });
    for (const { events } of streams)
      expect(events.at(-1)).toMatchObject({ event: 'stream:close', data: '{"reason":"revoked"}' });
    expect((await openStream(`${url}/events?channel=a`, bearer(old))).status).toBe(204);
    expect(await metric(url, 'sse_streams_active')).toBe(1);
    bobs.close();
    expect((await openStream(`${url}/events?channel=a`, bearer(token({ iat: now() + 1 })))).status).toBe(200);
  });

  test('refuses everything else with 401 until then', async () => {
    const url = await start();
    const old = token({ iat: now() - 10 });
    await revoke(url);
    const headers = { 'content-type': 'application/json', ...bearer(old) };
    const [published, asked] = await Promise.all([
      fetch(`${url}/channels/a/events`, { method: 'POST', headers, body: '{"data":1}' }),
      fetch(`${url}/tickets`, { method: 'POST', headers: bearer(old) }),
    ]);
    expect([published.status, asked.status]).toEqual([401, 401]);
    expect(await asked.json()).toMatchObject({ detail: expect.stringContaining('revoked') });
  });

  test('makes tickets worthless that were issued before', async () => {
    const url = await start();
    const response = await fetch(`${url}/tickets`, { method: 'POST', headers: bearer(token({ iat: now() - 10 })) });
    const { ticket } = (await response.json()) as { ticket: string };
    await revoke(url);
    expect((await openStream(`${url}/events?channel=a&ticket=${ticket}`)).status).toBe(204);
  });

  test.each([
    ['issued in the same second', { iat: now() }],
    ['that does not say when it was issued', { iat: undefined }],
  ])('counts a token %s as older', async (_, more) => {
    const url = await start();
    const value = token(more);
    await revoke(url);
    expect((await openStream(`${url}/events?channel=a`, bearer(value))).status).toBe(204);
  });

  test('catches a stream whose channels are being subscribed to at that moment', async () => {
    let subscribe = (): void => {};
    const subscribed = new Promise<void>((resolve) => {
      subscribe = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      jest.spyOn(EmbeddedBroker.prototype, 'hold').mockImplementation((channel?: string) => {
        if (channel !== 'room.new') return Promise.resolve();
        resolve();
        return subscribed;
      });
    });
    const url = await start();
    const opening = openStream(`${url}/events?channel=room.new`, bearer(token({ iat: now() - 10 })));
    await asked;
    await revoke(url);
    subscribe();
    const stream = await opening;
    await stream.ended;

    expect(stream.events).toMatchObject([{ event: 'stream:close', data: '{"reason":"revoked"}' }]);
    expect(await metric(url, 'sse_streams_active')).toBe(0);
  });

  test('is for administrators', async () => {
    const url = await start();
    const stream = await openStream(`${url}/events?channel=a`, bearer(token()));
    const response = await revoke(url, 'ada', token());
    expect(response.status).toBe(403);
    expect(stream.events.at(-1)?.event).not.toBe('stream:close');
  });

  test.each(['auth0|5f7c', 'a/b', 'ü@例え.jp', '𝒳'.repeat(60)])('knows users by any name: %s', async (user) => {
    const url = await start();
    const old = token({ sub: user, iat: now() - 10 });
    const stream = await openStream(`${url}/events?channel=a`, bearer(old));
    expect((await revoke(url, user)).status).toBe(202);
    await stream.ended;
    expect((await openStream(`${url}/events?channel=a`, bearer(old))).status).toBe(204);
  });
});
