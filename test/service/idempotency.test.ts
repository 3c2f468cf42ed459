import { metric, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const publish = (url: string, key: string, body: unknown, channel = 'a'): Promise<Response> =>
  fetch(`${url}/channels/${channel}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('Idempotency-Key', () => {
  test('makes a repetition answer like the first, and publishes one event', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a`);
    const first = await publish(url, 'k-1', [{ data: 1 }, { type: 'x', data: 2 }]);
    // the same events, written differently
    const again = await publish(url, '"k-1"', '[ {"data": 1}, {"data":2,"type":"x"} ]');
    const other = await publish(url, 'k-2', [{ data: 1 }, { type: 'x', data: 2 }]);

    expect([first.status, again.status, other.status]).toEqual([202, 202, 202]);
    const { ids } = (await first.json()) as { ids: string[] };
    expect(await again.json()).toEqual({ ids });
    expect(((await other.json()) as { ids: string[] }).ids).not.toEqual(ids);
    expect(await stream.data(4)).toEqual([1, 2, 1, 2]);
    expect(await metric(url, 'sse_events_published_total')).toBe(4);
  });

  test('publishes one event of many that come at once', async () => {
    const { url } = await startService();
    const answers = await Promise.all(Array.from({ length: 20 }, () => publish(url, 'k', { data: 1 })));
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { ids: string[] }).ids[0]));

    expect(new Set(ids).size).toBe(1);
    expect(await metric(url, 'sse_events_published_total')).toBe(1);
  });

  test('refuses other events under the same key, but takes them on another channel', async () => {
    const { url } = await startService();
    await publish(url, 'k', { data: 1 });
    const other = await publish(url, 'k', { data: 2 });
    const elsewhere = await publish(url, 'k', { data: 2 }, 'b');

    expect(other.status).toBe(422);
    expect(other.headers.get('content-type')).toContain('application/problem+json');
    expect(((await other.json()) as { detail: string }).detail).toContain('Idempotency-Key');
    expect(elsewhere.status).toBe(202);
    expect(await metric(url, 'sse_events_published_total')).toBe(2);
  });

  test.each([
    ['of nothing', '""'],
    ['that is too long', 'x'.repeat(129)],
    ['with a space', 'a b'],
    ['with a quote that does not end', '"a'],
    ['twice', 'a, b'],
    ['beyond ASCII', 'caf\u00e9'],
  ])('refuses a key %s, and publishes nothing', async (_, key) => {
    const { url } = await startService();
    const answer = await publish(url, key, { data: 1 });

    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { detail: string }).detail).toContain('1 to 128 visible ASCII characters');
    expect(await metric(url, 'sse_events_published_total')).toBe(0);
  });

  test('takes a key of 128 characters, and the same one with its quotes escaped', async () => {
    const { url } = await startService();
    const key = `${'x'.repeat(126)}\\"`;
    const first = await publish(url, key, { data: 1 });
    const again = await publish(url, `"${key.replace(/["\\]/g, '\\$&')}"`, { data: 1 });

    expect(await again.json()).toEqual(await first.json());
  });
});
