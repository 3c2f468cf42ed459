import { metric, publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';

afterEach(async () => {
  closeStreams();
  await stopServices();
});

describe('resume', () => {
  test('replays what came after the cursor, from header or query, and goes on live', async () => {
    const { url } = await startService();
    const ids = await publish(
      url,
      'a',
      [1, 2, 3].map((data) => ({ data })),
    );
    const byHeader = await openStream(`${url}/events?channel=a`, resumeFrom(ids[0]));
    const byQuery = await openStream(`${url}/events?channel=a&lastEventId=${ids[1]}`);
    await Promise.all([byHeader.data(2), byQuery.data(1)]);
    await publish(url, 'a', { data: 4 });

    expect(await byHeader.data(3)).toEqual([2, 3, 4]);
    expect(await byQuery.data(2)).toEqual([3, 4]);
    expect([...byHeader.events, ...byQuery.events].some(({ event }) => event === 'stream:gap')).toBe(false);
  });

  test('prefers the header, which moves on, to the query, which does not', async () => {
    const { url } = await startService();
    const ids = await publish(
      url,
      'a',
      [1, 2, 3].map((data) => ({ data })),
    );
    const stream = await openStream(`${url}/events?channel=a&lastEventId=${ids[0]}`, resumeFrom(ids[1]));
    expect(await stream.data(1)).toEqual([3]);
  });

  test('keeps the cursor of a client that is cut before its first event', async () => {
    const { url } = await startService();
    const [first] = await publish(url, 'a', { data: 1 });
    const fresh = await openStream(`${url}/events?channel=a`);
    const { id } = await fresh.event('stream:open');
    const cut = await openStream(`${url}/events?channel=a`, resumeFrom(first));
    expect((await cut.event('stream:open')).id).toBe(first);
    await publish(url, 'a', { data: 2 });
    const again = await openStream(`${url}/events?channel=a`, resumeFrom(id));
    expect(await again.data(1)).toEqual([2]);
  });

  test('replays from memory while streams are there, and from the history when none was', async () => {
    const { url } = await startService();
    const [first] = await publish(url, 'a', { data: 0 });
    await publish(
      url,
      'a',
      Array.from({ length: 900 }, (_, index) => ({ data: index + 1 })),
    );
    const cold = await openStream(`${url}/events?channel=a`, resumeFrom(first));
    expect(await cold.data(900)).toEqual(Array.from({ length: 900 }, (_, index) => index + 1));
    const [, , third] = await publish(
      url,
      'a',
      [901, 902, 903].map((data) => ({ data })),
    );
    await cold.data(903);
    await publish(url, 'a', { data: 904 });
    const warm = await openStream(`${url}/events?channel=a`, resumeFrom(third));
    expect(await warm.data(1)).toEqual([904]);
  });

  test('loses and repeats nothing for streams that come and go while events are published', async () => {
    const { url } = await startService();
    const total = 600;
    const publishing = (async () => {
      for (let data = 0; data < total; data++) await publish(url, 'a', { data });
    })();
    const clients = Array.from({ length: 8 }, async (_, client) => {
      const received: unknown[] = [];
      let id: string | undefined;
      while (received.at(-1) !== total - 1) {
        const stream = await openStream(`${url}/events?channel=a`, id === undefined ? {} : resumeFrom(id));
        id ??= (await stream.event('stream:open')).id;
        await stream.data(7 + client).catch(() => {});
        stream.close();
        for (const event of stream.events.filter(({ event: type }) => type === undefined)) {
          received.push(JSON.parse(event.data));
          id = event.id;
        }
        if (received.length > total) break;
        const rest = total - 1 - Number(received.at(-1));
        if (rest > 0 && rest <= 7 + client) {
          const last = await openStream(`${url}/events?channel=a`, resumeFrom(id));
          received.push(...(await last.data(rest)));
        }
      }
      return received;
    });
    await publishing;
    for (const received of await Promise.all(clients))
      expect(received).toEqual(
        Array.from({ length: total - Number(received[0]) }, (_, index) => Number(received[0]) + index),
      );
  }, 30_000);

  test('announces a gap where history was evicted, and replays what is left', async () => {
    const { url } = await startService({ replayMaxEvents: 100 });
    const [first] = await publish(url, 'a', { data: 'first' });
    for (let batch = 0; batch < 3; batch++)
      await publish(
        url,
        'a',
        Array.from({ length: 100 }, (_, data) => ({ data })),
      );
    await publish(url, 'a', { data: 'last' });
    const stream = await openStream(`${url}/events?channel=a`, resumeFrom(first));
    await stream.until(() => stream.events.at(-1)?.data === '"last"');

    expect(stream.events.slice(0, 2)).toMatchObject([
      { event: 'stream:open', id: first },
      { event: 'stream:gap', data: JSON.stringify({ channels: ['a'], requested: first, reason: 'evicted' }) },
    ]);
    expect(await metric(url, 'sse_gaps_total{reason="evicted"}')).toBe(1);
  });

  test.each([
    ['of another history', 'abcdef123456-i3n2cc1k3k'],
    ['that is none', '1718000000000-0:x'],
  ])('announces a gap for a cursor %s, and replays all there is', async (_, cursor) => {
    const { url } = await startService();
    const ids = await publish(
      url,
      'a',
      [1, 2].map((data) => ({ data })),
    );
    const stream = await openStream(`${url}/events?channel=a`, resumeFrom(cursor));
    expect(await stream.data(2)).toEqual([1, 2]);
    expect(JSON.parse((await stream.event('stream:gap')).data)).toEqual({
      channels: ['a'],
      requested: cursor,
      reason: 'epoch',
    });
    const gapId = (await stream.event('stream:gap')).id;
    const again = await openStream(`${url}/events?channel=a`, resumeFrom(gapId));
    expect(await again.data(2)).toEqual([1, 2]);
    expect(again.events.some(({ event }) => event === 'stream:gap')).toBe(false);
    expect(ids).toHaveLength(2);
  });

  test('does not let a cursor forge fields', async () => {
    const { url } = await startService();
    const stream = await openStream(
      `${url}/events?channel=a&lastEventId=${encodeURIComponent('x\nevent: forged\ndata: {}\n\n')}`,
    );
    await stream.event('stream:gap');
    expect(stream.events.map(({ event }) => event)).toEqual(['stream:open', 'stream:gap']);
  });
});
