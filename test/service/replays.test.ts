import type { StoredEvent } from '../../service/broker/broker.ts';
import { EmbeddedBroker } from '../../service/broker/embedded.ts';
import { Fanout } from '../../service/fanout/fanout.ts';
import type { Group } from '../../service/fanout/stream.ts';
import { Replays } from '../../service/replays.ts';

/** A group whose ring begins after everything that was published to its channel. */
async function groupAfter(
  events: number,
  bytes = 1,
): Promise<{
  broker: EmbeddedBroker;
  group: Group<StoredEvent>;
  reads: () => number;
  first: number;
  stop: () => Promise<void>;
}> {
  const broker = new EmbeddedBroker({ replaySeconds: 600, replayMaxEvents: 10_000 });
  const [first] = await broker.publish('a', [{ data: '0' }]);
  for (let published = 1; published <= events; published++) await broker.publish('a', [{ data: 'x'.repeat(bytes) }]);
  const fanout = new Fanout<StoredEvent, 'x'>({
    heartbeatMs: 1000,
    heartbeat: () => Buffer.alloc(0),
    stallMs: 3000,
    slowClientBytes: 1e6,
    reasons: { age: 'x', expired: 'x', slow: 'x' },
    goodbye: () => Buffer.alloc(0),
  });
  const group = fanout.createGroup(
    { key: 'a', channels: ['a'], shape: 'plain', accepts: () => true, frame: ({ data }) => Buffer.from(data) },
    broker.here().position,
  );
  let reads = 0;
  const replay = broker.replay.bind(broker);
  broker.replay = (...range) => {
    reads++;
    return replay(...range);
  };
  const stop = async (): Promise<void> => {
    fanout.stop();
    await broker.close();
  };
  return { broker, group, reads: () => reads, first: first?.position ?? 0, stop };
}

describe('replays', () => {
  test('read a range once for all streams of a group that ask for it', async () => {
    const { broker, group, reads, first, stop } = await groupAfter(100);
    const replays = new Replays(broker);
    const pages = await Promise.all(Array.from({ length: 1000 }, () => replays.read(group, first)));

    expect(reads()).toBe(1);
    expect(new Set(pages).size).toBe(1);
    expect(pages[0]).toMatchObject({ events: 100, evicted: [], upTo: group.ring.since });
    await stop();
  });

  test('read again for those who ask from another place', async () => {
    const { broker, group, reads, first, stop } = await groupAfter(10);
    const replays = new Replays(broker);
    await Promise.all([replays.read(group, first), replays.read(group, first + 1)]);

    expect(reads()).toBe(2);
    await stop();
  });

  test('come in portions that a slow client can take one by one', async () => {
    const { broker, group, first, stop } = await groupAfter(10, 100_000);
    const { portions } = await new Replays(broker).read(group, first);

    expect(portions.map(({ length }) => length)).toEqual([200_000, 200_000, 200_000, 200_000, 200_000]);
    await stop();
  });

  test('do not share a failure', async () => {
    const { broker, group, first, stop } = await groupAfter(1);
    const replay = broker.replay;
    broker.replay = () => Promise.reject(new Error('away'));
    const replays = new Replays(broker);
    await expect(replays.read(group, first)).rejects.toThrow('away');
    broker.replay = replay;

    expect(await replays.read(group, first)).toMatchObject({ events: 1 });
    await stop();
  });
});
