import { publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, type TestStream } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

const idOf = async (stream: TestStream): Promise<string> =>
  JSON.parse((await stream.event('stream:open')).data).stream as string;

const retype = (url: string, id: string, body: unknown): Promise<Response> =>
  fetch(`${url}/streams/${id}/types`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('PUT /streams/:id/types', () => {
  test('changes what a stream gets from there on, and changes it back', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a&type=x`);
    const id = await idOf(stream);
    const all = ['x', 'y', 'z'].map((type) => ({ type, data: type }));
    await publish(url, 'a', all);
    const answer = await retype(url, id, { types: ['y', 'z', 'y'] });
    await publish(url, 'a', all);
    expect((await retype(url, id, { types: [] })).status).toBe(204);
    await publish(url, 'a', all);

    expect(answer.status).toBe(204);
    expect(await stream.data(6)).toEqual(['x', 'y', 'z', 'x', 'y', 'z']);
  });

  test('loses and repeats nothing that both filters let through', async () => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a&type=n&type=left`);
    const id = await idOf(stream);
    const total = 300;
    const publishing = (async () => {
      for (let data = 0; data < total; data++) await publish(url, 'a', { type: 'n', data });
    })();
    for (const types of [['n', 'right'], [], ['n'], ['n', 'left']])
      expect((await retype(url, id, { types })).status).toBe(204);
    await publishing;

    expect(await stream.data(total)).toEqual(Array.from({ length: total }, (_, index) => index));
  });

  test.each([
    ['a stream that nobody holds', 'gone-1', { types: [] }, 404],
    ['a stream id that cannot be one', 'a%20b', { types: [] }, 400],
    ['no types', 'x-1', {}, 400],
    ['an unknown key', 'x-1', { types: [], channels: [] }, 400],
    ['too many types', 'x-1', { types: Array.from({ length: 101 }, String) }, 400],
    ['a type that is too long', 'x-1', { types: ['x'.repeat(129)] }, 400],
    ['an empty type', 'x-1', { types: [''] }, 400],
  ])('names what is wrong with %s', async (_, id, body, status) => {
    const { url } = await startService();
    const response = await retype(url, id, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, detail: expect.any(String) });
  });
});

describe('type filter, envelope and heartbeat', () => {
  test('hold together', async () => {
    const { url } = await startService({ heartbeatSeconds: 1, maxStreams: 1000 });
    const stream = await openStream(`${url}/events?channel=a&channel=b&type=x&type=message&envelope=1&heartbeat=event`);
    await stream.event('stream:open');
    await publish(url, 'a', [{ type: 'x', data: 1 }, { type: 'y', data: 2 }, { data: { deep: '\n' } }]);
    await publish(url, 'b', { type: 'x', data: 4 });
    await stream.event('heartbeat');

    expect(stream.events.slice(1).map(({ event, data }) => [event, JSON.parse(data)])).toEqual([
      ['x', { channel: 'a', type: 'x', data: 1 }],
      [undefined, { channel: 'a', type: 'message', data: { deep: '\n' } }],
      ['x', { channel: 'b', type: 'x', data: 4 }],
      ['heartbeat', {}],
    ]);
    expect(stream.events.at(-1)?.id).toBeUndefined();
  });

  test.each([
    ['as many types as may be', Array.from({ length: 100 }, (_, index) => `type=t${index}`).join('&'), 200],
    ['one more', Array.from({ length: 101 }, (_, index) => `type=t${index}`).join('&'), 400],
    ['a type as long as a publish may have it', `type=${'x'.repeat(128)}`, 200],
    ['a longer one', `type=${'x'.repeat(129)}`, 400],
    ['an empty one', 'type=', 400],
    ['an envelope that is neither on nor off', 'envelope=yes', 400],
  ])('have limits: %s', async (_, query, status) => {
    const { url } = await startService();
    const stream = await openStream(`${url}/events?channel=a&${query}`);
    expect(stream.status).toBe(status);
  });
});
