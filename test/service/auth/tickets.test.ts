import { startService, stopServices } from '../../support/service.ts';
import { closeStreams, openStream } from '../../support/stream.ts';
import { bearer, jwt, now, token } from '../../support/tokens.ts';

afterEach(async () => {
  jest.restoreAllMocks();
  closeStreams();
  await stopServices();
});

interface Issued {
  readonly ticket: string;
  readonly expiresInSeconds: number;
}

const ask = (url: string, value: string = token(), query = ''): Promise<Response> =>
  fetch(`${url}/tickets${query}`, { method: 'POST', headers: bearer(value) });

const ticketOf = async (url: string, value?: string): Promise<Issued> =>
  (await ask(url, value)).json() as Promise<Issued>;

const start = async (): Promise<string> => (await startService({}, { auth: jwt })).url;

describe('a ticket', () => {
  test('opens one stream with the grants of its token', async () => {
    const url = await start();
    const response = await ask(url);
    const { ticket, expiresInSeconds } = (await response.json()) as Issued;
    const [first, again] = [
      await openStream(`${url}/events?channel=a&channel=user:ada&ticket=${ticket}`),
      await openStream(`${url}/events?channel=a&ticket=${ticket}`),
    ];

    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(expiresInSeconds).toBe(30);
    expect(ticket).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(first.status).toBe(200);
    expect(again.status).toBe(401);
    expect(again.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  test('is worth no more than its token', async () => {
    const url = await start();
    const { ticket } = await ticketOf(url);
    expect((await openStream(`${url}/events?channel=b&ticket=${ticket}`)).status).toBe(403);
  });

  test('is redeemed once, however many ask at the same time', async () => {
    const url = await start();
    const { ticket } = await ticketOf(url);
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => openStream(`${url}/events?channel=a&ticket=${ticket}`)),
    );
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(streams.filter(({ status }) => status === 401)).toHaveLength(19);
  });

  test('is too old after half a minute', async () => {
    const began = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(began);
    const url = await start();
    const { ticket } = await ticketOf(url);
    clock.mockReturnValue(began + 30_001);
    expect((await openStream(`${url}/events?channel=a&ticket=${ticket}`)).status).toBe(401);
  });

  test('lasts no longer than its token, nor does the stream', async () => {
    const url = await start();
    const { ticket, expiresInSeconds } = await ticketOf(url, token({ exp: now() + 2 }));
    const stream = await openStream(`${url}/events?channel=a&ticket=${ticket}`);
    await stream.ended;
    expect(expiresInSeconds).toBeLessThanOrEqual(2);
    expect(stream.events.at(-1)?.data).toBe('{"reason":"token-expired"}');
  });

  test('buys no other ticket', async () => {
    const url = await start();
    const { ticket } = await ticketOf(url);
    const response = await fetch(`${url}/tickets?ticket=${ticket}`, { method: 'POST' });
    expect(response.status).toBe(403);
  });

  test.each(['x', 'A'.repeat(43), 'A'.repeat(44), '%00', '*'])('that nobody issued is refused: %s', async (ticket) => {
    const url = await start();
    expect((await openStream(`${url}/events?channel=a&ticket=${ticket}`)).status).toBe(401);
  });

  test('needs a token of its own', async () => {
    expect((await ask(await start(), 'bad')).status).toBe(401);
  });

  test('is not to be had without authentication’s token where there is none, and works all the same', async () => {
    const { url } = await startService();
    const { ticket } = (await (await fetch(`${url}/tickets`, { method: 'POST' })).json()) as Issued;
    expect((await openStream(`${url}/events?channel=a&ticket=${ticket}`)).status).toBe(200);
  });
});
