import { post, startService, stopServices } from '../support/service.ts';

afterEach(async () => {
  await stopServices();
});

describe('POST /channels/:channel/events', () => {
  test('answers 202 with one id for each event', async () => {
    const { url } = await startService();
    const response = await post(url, 'a', [{ data: 1 }, { type: 'x', data: 2 }]);

    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      ids: [expect.stringMatching(/^[a-z0-9-]+$/), expect.stringMatching(/^[a-z0-9-]+$/)],
    });
  });

  test.each<[string, unknown, number, string]>([
    ['an event without data', {}, 400, 'the event must have "data", any JSON value'],
    [
      'an unknown key',
      { data: 1, id: 'mine' },
      400,
      'the event has an unknown key "id"; the keys are "type" and "data"',
    ],
    ['an empty array', [], 400, 'a publish must hold 1 to 1000 events, not 0'],
    ['something that is no event', [{ data: 1 }, 'x'], 400, 'event 1 must be an object { "type"?, "data" }'],
    ['a type with a line break', { type: 'a\nb', data: 1 }, 400, 'the event has the type "a\\nb"'],
    ['a type with NUL', { type: 'a\u0000b', data: 1 }, 400, 'the event has the type'],
    ['a type that is no text', { type: 5, data: 1 }, 400, 'the event has the type 5'],
    ['an empty type', { type: '', data: 1 }, 400, 'the event has the type ""'],
    ['a type of the service’s own', { type: 'stream:gap', data: 1 }, 400, 'the event has the type "stream:gap"'],
    ['a type like a heartbeat', { type: 'heartbeat', data: 1 }, 400, 'the event has the type "heartbeat"'],
    [
      'an event that is too large',
      { data: 'x'.repeat(1000) },
      413,
      'the event has 1002 bytes, and maxEventBytes is 1000',
    ],
  ])('refuses %s, and publishes none of it', async (_, body, status, detail) => {
    const { url } = await startService({ maxEventBytes: 1000 });
    const response = await post(url, 'a', body);

    expect(response.status).toBe(status);
    expect(((await response.json()) as { detail: string }).detail).toContain(detail);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('sse_events_published_total 0');
  });

  test('refuses a bad channel, a body that is no JSON, and one that is far too large', async () => {
    const { url } = await startService({ maxEventBytes: 1000 });
    const notJson = await fetch(`${url}/channels/a/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    const noType = await fetch(`${url}/channels/a/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/xml' },
      body: '<x/>',
    });

    expect((await post(url, 'a%20b', { data: 1 })).status).toBe(400);
    expect((await post(url, 'a'.repeat(129), { data: 1 })).status).toBe(400);
    expect(notJson.status).toBe(400);
    expect(noType.status).toBe(415);
    expect((await post(url, 'a', { data: 'x'.repeat(20_000) })).status).toBe(413);
  });
});
