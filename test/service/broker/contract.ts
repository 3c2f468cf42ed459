import { type Broker, type Cursor, type History, KeyReused, type StoredEvent } from '../../../service/broker/broker.ts';

interface Heard {
  readonly broker: Broker;
  readonly events: StoredEvent[];
  readonly gaps: (readonly [readonly string[] | 'all', string])[];
  /** Resolves once that many events have been heard. */
  readonly count: (events: number) => Promise<void>;
  /** Resolves once an event with this data has been heard. */
  readonly data: (text: string) => Promise<void>;
}

/** How a suite makes a broker; `history` is the policy's part of it. */
export type MakeBroker = (history: History) => Broker;

const generous: History = { replaySeconds: 600, replayMaxEvents: 10_000 };

export async function listen(broker: Broker): Promise<Heard> {
  const events: StoredEvent[] = [];
  const gaps: (readonly [readonly string[] | 'all', string])[] = [];
  const waiting = new Set<() => void>();
  await broker.start({
    event: (event) => {
      events.push(event);
      for (const check of [...waiting]) check();
    },
    gap: (channels, reason) => gaps.push([channels, reason]),
  });
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return {
    broker,
    events,
    gaps,
    count: (wanted) => until(() => events.length >= wanted),
    data: (text) => until(() => events.at(-1)?.data === text),
  };
}

const numbered = (from: number, to: number): { data: string }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ data: String(from + index) }));

async function readAll(
  broker: Broker,
  channels: readonly string[],
  after: number,
  upTo: number,
): Promise<{ events: StoredEvent[]; evicted: Set<string>; pages: number }> {
  const events: StoredEvent[] = [];
  const evicted = new Set<string>();
  let pages = 0;
  for (let from = after; from < upTo; pages++) {
    const page = await broker.replay(channels, from, upTo);
    events.push(...page.events);
    for (const channel of page.evicted) evicted.add(channel);
    from = page.upTo;
  }
  return { events, evicted, pages };
}

const dataOf = (events: readonly StoredEvent[]): string[] => events.map(({ data }) => data);
const positionOf = (cursor: Cursor | undefined): number => cursor?.position ?? Number.NaN;

/** What every broker promises; both implementations run this very suite. */
export function brokerContract(make: MakeBroker): void {
  const made: Broker[] = [];
  const start = (history: History = generous): Promise<Heard> => {
    const broker = make(history);
    made.push(broker);
    return listen(broker);
  };
  afterEach(async () => {
    await Promise.all(made.splice(0).map((broker) => broker.close()));
  });

  test('hands events of a held channel on, in the order they were published in', async () => {
    const { broker, events, count } = await start();
    await broker.hold('a');
    await broker.publish('a', [{ type: 'greeting', data: '1' }, { data: '2' }]);
    await broker.publish('a', [{ data: '3' }]);
    await count(3);

    expect(events.map(({ channel, type, data }) => ({ channel, type, data }))).toEqual([
      { channel: 'a', type: 'greeting', data: '1' },
      { channel: 'a', type: undefined, data: '2' },
      { channel: 'a', type: undefined, data: '3' },
    ]);
  });

  test('gives every event a position of its own, rising over all channels', async () => {
    const { broker } = await start();
    const cursors = [...(await broker.publish('a', numbered(1, 5))), ...(await broker.publish('b', numbered(6, 9)))];

    const positions = cursors.map(positionOf);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    expect(new Set(cursors.map(({ epoch }) => epoch)).size).toBe(1);
  });

  test('is at or past an event once it has been handed on, and never goes back', async () => {
    const { broker, events, count } = await start();
    await broker.hold('a');
    const before = broker.here();
    const [cursor] = await broker.publish('a', [{ data: '1' }]);
    await count(1);

    expect(positionOf(cursor)).toBeGreaterThan(before.position);
    expect(broker.here().position).toBeGreaterThanOrEqual(events[0]?.position ?? Number.NaN);
    expect(broker.here().epoch).toBe(cursor?.epoch);
  });

  test('replays what came after a position, of all channels asked for, merged into one order', async () => {
    const { broker } = await start();
    const [first] = await broker.publish('a', [{ data: '1' }]);
    await broker.publish('b', [{ data: '2' }]);
    await broker.publish('c', [{ data: 'not asked for' }]);
    await broker.publish('a', [{ type: 'x', data: '3' }]);
    const [last] = await broker.publish('b', [{ data: '4' }]);

    const page = await broker.replay(['a', 'b'], positionOf(first), positionOf(last));
    expect(page.events.map(({ channel, type, data }) => [channel, type, data])).toEqual([
      ['b', undefined, '2'],
      ['a', 'x', '3'],
      ['b', undefined, '4'],
    ]);
    expect(page).toMatchObject({ upTo: positionOf(last), evicted: [] });
  });

  test('replays nothing after the bound it is given', async () => {
    const { broker } = await start();
    const cursors = await broker.publish('a', numbered(1, 4));
    const { events } = await broker.replay(['a'], positionOf(cursors[0]), positionOf(cursors[2]));

    expect(dataOf(events)).toEqual(['2', '3']);
  });

  test('replays a long history in pages that neither lose nor repeat', async () => {
    const { broker } = await start();
    const before = broker.here().position;
    for (let batch = 0; batch < 6; batch++) {
      await broker.publish('a', numbered(batch * 200, batch * 200 + 99));
      await broker.publish('b', numbered(batch * 200 + 100, batch * 200 + 199));
    }
    const [last] = await broker.publish('a', [{ data: 'last' }]);

    const { events, evicted, pages } = await readAll(broker, ['a', 'b'], before, positionOf(last));
    expect(dataOf(events)).toEqual([...dataOf(numbered(0, 1199) as StoredEvent[]), 'last']);
    expect([...evicted]).toEqual([]);
    expect(pages).toBeGreaterThan(1);
  });

  test('says which channels have lost events after a position, and replays what is left of them', async () => {
    const { broker } = await start({ replaySeconds: 600, replayMaxEvents: 100 });
    const [kept] = await broker.publish('quiet', [{ data: 'kept' }]);
    const [first] = await broker.publish('busy', [{ data: 'evicted' }]);
    for (let batch = 0; batch < 10; batch++) await broker.publish('busy', numbered(batch * 100, batch * 100 + 99));
    const [last] = await broker.publish('busy', [{ data: 'last' }]);

    const { events, evicted } = await readAll(broker, ['busy', 'quiet'], positionOf(kept) - 1, positionOf(last));
    expect([...evicted]).toEqual(['busy']);
    expect(dataOf(events)).toContain('kept');
    expect(dataOf(events).at(-1)).toBe('last');
    expect(events.length).toBeGreaterThanOrEqual(101);
    expect(events.length).toBeLessThan(1002);
    expect(positionOf(first)).toBeLessThan(events.find(({ channel }) => channel === 'busy')?.position ?? 0);
  });

  test('does not claim a loss where the position is newer than what was evicted', async () => {
    const { broker } = await start({ replaySeconds: 600, replayMaxEvents: 100 });
    for (let batch = 0; batch < 5; batch++) await broker.publish('busy', numbered(1, 100));
    const [recent] = await broker.publish('busy', [{ data: 'seen' }]);
    const [last] = await broker.publish('busy', [{ data: 'missed' }]);

    expect(await broker.replay(['busy'], positionOf(recent), positionOf(last))).toMatchObject({
      events: [{ data: 'missed' }],
      evicted: [],
    });
  });

  test('finds nothing missing in a channel that nobody ever published to', async () => {
    const { broker } = await start();
    const [before] = await broker.publish('a', [{ data: '1' }]);
    const [last] = await broker.publish('a', [{ data: '2' }]);

    expect(await broker.replay(['never'], positionOf(before), positionOf(last))).toMatchObject({
      events: [],
      evicted: [],
    });
  });

  test('loses nothing between history and live events while it is published to', async () => {
    const { broker, events, count, data } = await start();
    const origin = broker.here().position;
    let published = 0;
    let stop = false;
    const publishing = (async () => {
      while (!stop) await broker.publish('a', [{ data: String(published++) }]);
    })();
    // subscribe in the middle of it, as a stream does: hold, note where that was, replay up to there, go on live
    await broker.replay(['a'], origin, broker.here().position);
    await broker.hold('a');
    const joined = broker.here().position;
    const { events: replayed } = await readAll(broker, ['a'], origin, joined);
    await count(events.length + 50);
    stop = true;
    await publishing;
    await data(String(published - 1));

    const live = events.filter(({ position }) => position > joined);
    expect(dataOf([...replayed, ...live])).toEqual(Array.from({ length: published }, (_, index) => String(index)));
  });

  test('keeps texts as they are', async () => {
    const { broker, events, count } = await start();
    await broker.hold('a');
    const data = JSON.stringify({ text: 'ünïcødé 🎉 "quoted" \\ \u0000 \n \u2028', empty: '' });
    await broker.publish('a', [{ type: 'a type with spaces', data }]);
    await count(1);

    expect(events[0]).toMatchObject({ type: 'a type with spaces', data });
    expect((await broker.replay(['a'], 0, broker.here().position)).events[0]).toMatchObject({
      type: 'a type with spaces',
      data,
    });
  });

  test('hears a channel again after it was released and held once more', async () => {
    const { broker, events, count } = await start();
    await broker.hold('a');
    await broker.hold('a');
    broker.release('a');
    await broker.publish('a', [{ data: 'still held' }]);
    await count(1);
    broker.release('a');
    await broker.hold('a');
    await broker.publish('a', [{ data: 'held again' }]);
    await count(2);

    expect(dataOf(events)).toEqual(['still held', 'held again']);
  });

  test('publishes once under one key, and answers a repetition like the first', async () => {
    const { broker, events, count } = await start();
    await broker.hold('a');
    const once = { key: 'k', fingerprint: 'f' };
    const first = await broker.publish('a', numbered(1, 3), once);
    const again = await broker.publish('a', numbered(1, 3), once);
    await broker.publish('a', [{ data: 'last' }]);
    await count(4);

    expect([...again]).toEqual([...first]);
    expect([first.repeated, again.repeated]).toEqual([undefined, true]);
    expect(dataOf(events)).toEqual(['1', '2', '3', 'last']);
    expect(positionOf(first[2])).toBe(positionOf(first[0]) + 2);
  });

  test('refuses a key that was used for something else, and publishes nothing', async () => {
    const { broker } = await start();
    await broker.publish('a', [{ data: '1' }], { key: 'k', fingerprint: 'one' });

    await expect(broker.publish('a', [{ data: '2' }], { key: 'k', fingerprint: 'two' })).rejects.toThrow(KeyReused);
    expect(dataOf((await broker.replay(['a'], 0, broker.here().position + 1e6)).events)).toEqual(['1']);
  });

  test('keeps the keys of one channel apart from those of another', async () => {
    const { broker } = await start();
    const [a] = await broker.publish('a', [{ data: '1' }], { key: 'k', fingerprint: 'one' });
    const [b] = await broker.publish('b', [{ data: '2' }], { key: 'k', fingerprint: 'two' });

    expect(positionOf(b)).toBeGreaterThan(positionOf(a));
  });

  test('publishes once, however many repetitions come at once', async () => {
    const { broker } = await start();
    const once = { key: 'k', fingerprint: 'f' };
    const all = await Promise.all(Array.from({ length: 20 }, () => broker.publish('a', [{ data: '1' }], once)));

    expect(new Set(all.map(([cursor]) => positionOf(cursor))).size).toBe(1);
    expect(all.filter(({ repeated }) => !repeated).length).toBe(1);
    expect(dataOf((await broker.replay(['a'], 0, broker.here().position + 1e6)).events)).toEqual(['1']);
  });

  test('is connected, and not behind', async () => {
    const { broker } = await start();
    expect(broker.connected).toBe(true);
    expect(broker.lagSeconds).toBeLessThan(1);
  });
}
