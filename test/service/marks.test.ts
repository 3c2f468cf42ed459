import { poll } from '../support/poll.ts';
import { publish, startService, stopServices } from '../support/service.ts';
import { closeStreams, openStream, resumeFrom } from '../support/stream.ts';
import { closeSockets, openSocket } from '../support/web-socket.ts';

afterEach(async () => {
  closeStreams();
  closeSockets();
  await stopServices();
});

/** Events that nobody waits for, more than history holds. */
async function passBy(url: string): Promise<void> {
  for (let batch = 0; batch < 5; batch++)
    await publish(
      url,
      'a',
      Array.from({ length: 50 }, (_, data) => ({ type: 'noise', data })),
    );
}

describe('a stream whose filter lets nothing through on a busy channel', () => {
  test('is told where it stands, without an event, and comes back without a gap', async () => {
    const { url } = await startService({ replayMaxEvents: 100 });
    const stream = await openStream(`${url}/events?channel=a&type=rare`);
    await stream.event('stream:open');
    await passBy(url);
    const ids = (): string[] => stream.text().match(/(?<=^id: )\S+(?=\n\n)/gm) ?? [];
    await stream.until(() => ids().length >= 10);
    stream.close();
    const back = await openStream(`${url}/events?channel=a&type=rare`, resumeFrom(ids().at(-1)));
    await publish(url, 'a', { type: 'rare', data: 'at last' });

    expect(await back.data(1)).toEqual(['at last']);
    expect([...stream.events, ...back.events].map(({ event }) => event)).toEqual([
      'stream:open',
      'stream:open',
      'rare',
    ]);
  });

  test('hears it as a message on a WebSocket, and a waiting poll goes on waiting', async () => {
    const { url } = await startService({ replayMaxEvents: 100 });
    const socket = await openSocket(`${url}/events/ws?channel=a&type=rare`);
    await socket.message('stream:open');
    const { cursor } = await poll(url, 'channel=a');
    const waiting = poll(url, `channel=a&type=rare&cursor=${cursor}&wait=30`);
    await passBy(url);
    expect(await socket.message('stream:cursor')).toMatchObject({ id: expect.any(String), data: {} });
    await publish(url, 'a', { type: 'rare', data: 'at last' });
    expect((await waiting).events.map(({ data }) => data)).toEqual(['at last']);
  });
});
