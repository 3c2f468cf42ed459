import { writeCursor } from '../../service/broker/cursor.ts';
import { type Reconciliation, reconcile } from './reconcile.ts';
import type { Entry, Publish, StreamRecord } from './record.ts';

/**
 * One world for all cases: events 0 to 9 on channels a and b by turns, event n sent at time 10 n with position 10 n, all
 * accepted, and 8 and 9 the closing ones.
 */
const idAt = (position: number, epoch = 'first'): string => writeCursor({ epoch, position });
const channelOf = (number: number): string => (number % 2 === 0 ? 'a' : 'b');
const published = (number: number): Publish => ({
  channel: channelOf(number),
  number,
  sentAt: 10 * number,
  id: idAt(10 * number),
  answeredAt: 10 * number + 1,
});
const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const log: Reconciliation = {
  publishes: numbers.map(published),
  closing: new Map([
    ['a', 8],
    ['b', 9],
  ]),
  firstLossAt: 0,
};

const event = (number: number, position = 10 * number, epoch?: string): Entry => ({
  kind: 'event',
  at: 10 * number + 5,
  id: idAt(position, epoch),
  channel: channelOf(number),
  number,
});
/** Told right after an event was delivered. */
const gapAfter = (number: number, channels: readonly string[], at = 10 * number + 6): Entry => ({
  kind: 'gap',
  at,
  id: idAt(10 * number),
  channels,
  requested: idAt(10 * number),
  reason: 'store-lost',
});
const events = (...list: readonly number[]): Entry[] => list.map((number) => event(number));
const record = (...entries: readonly Entry[]): StreamRecord => ({ name: 's', channels: ['a', 'b'], entries });

const verdict = (entries: readonly Entry[], changes: Partial<Reconciliation> = {}): string[] =>
  reconcile([record(...entries)], { ...log, ...changes }).map(({ kind, number }) => `${kind} ${number}`);

const without = (...missing: readonly number[]): readonly Publish[] =>
  log.publishes.map((publish) => (missing.includes(publish.number) ? { ...publish, id: undefined } : publish));

describe('what is as it should be', () => {
  test('every event once, in order', () => {
    expect(verdict(events(...numbers))).toEqual([]);
  });

  test('a failed publish that never appears', () => {
    expect(verdict(events(0, 1, 2, 3, 5, 6, 7, 8, 9), { publishes: without(4) })).toEqual([]);
  });

  test('a failed publish that appears once, after later ones', () => {
    const late = [...events(0, 1, 2, 3, 5, 6), event(4, 65), ...events(7, 8, 9)];
    expect(verdict(late, { publishes: without(4) })).toEqual([]);
  });

  test('a loss that a gap covers', () => {
    expect(verdict([...events(0, 1, 2, 3), gapAfter(3, ['a'], 44), ...events(5, 6, 7, 8, 9)])).toEqual([]);
  });

  test('a loss at the end of one history, told at the beginning of the next', () => {
    const next = (number: number): Publish => ({ ...published(number), id: idAt(number, 'second') });
    const publishes = numbers.map((number) => (number < 6 ? published(number) : next(number)));
    const delivered = (number: number): Entry => event(number, number, 'second');
    const told: Entry = { ...gapAfter(3, ['a', 'b'], 64), id: idAt(0, 'second') };
    expect(verdict([...events(0, 1, 2, 3), told, ...[6, 7, 8, 9].map(delivered)], { publishes })).toEqual([]);
  });

  test('a loss in the midst of a replay, told at its beginning', () => {
    expect(verdict([...events(0, 1), gapAfter(1, ['a'], 80), ...events(2, 3, 5, 6, 7, 8, 9)])).toEqual([]);
  });

  test('an event behind the closing one that has not come yet', () => {
    const publishes = [...log.publishes, { ...published(10), id: idAt(100) }];
    expect(verdict(events(...numbers), { publishes })).toEqual([]);
  });
});

describe('what must not be', () => {
  test('a lost event', () => {
    expect(verdict(events(0, 1, 2, 3, 5, 6, 7, 8, 9))).toEqual(['lost 4']);
  });

  test('a lost event at the very beginning, and at the end', () => {
    expect(verdict(events(1, 2, 3, 4, 5, 6, 7, 9))).toEqual(['lost 0', 'lost 8']);
  });

  test('an event that a failed publish brought to one stream and not to the other', () => {
    const [all, less] = [record(...events(...numbers)), record(...events(0, 1, 2, 3, 5, 6, 7, 8, 9))];
    const found = reconcile([all, { ...less, name: 't' }], { ...log, publishes: without(4) });
    expect(found).toMatchObject([{ kind: 'lost', stream: 't', number: 4 }]);
  });

  test('a repeated event, next to itself or later', () => {
    expect(verdict(events(0, 1, 2, 2, 3, 4, 5, 6, 7, 0, 8, 9))).toEqual(['repeated 2', 'repeated 0']);
  });

  test('a repeated event behind a gap', () => {
    const again = [...events(0, 1, 2, 3, 4), gapAfter(4, ['a', 'b']), ...events(4, 5, 6, 7, 8, 9)];
    expect(verdict(again)).toEqual(['repeated 4']);
  });

  test('a failed publish that appears twice', () => {
    expect(verdict(events(0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9), { publishes: without(4) })).toEqual(['repeated 4']);
  });

  test('events of a channel the wrong way round', () => {
    expect(verdict(events(0, 1, 4, 3, 2, 5, 6, 7, 8, 9))).toEqual(['lost 2', 'reordered 2']);
  });

  test('events the wrong way round behind a gap', () => {
    const told = [...events(0, 1, 3), gapAfter(3, ['a']), ...events(4, 2, 5, 6, 7, 8, 9)];
    expect(verdict(told)).toContain('reordered 2');
  });

  test('an event that was never sent', () => {
    expect(verdict(events(0, 1, 2, 3, 4, 12, 5, 6, 7, 8, 9))).toEqual(['phantom 12']);
  });

  test('an event of a channel that the stream does not have', () => {
    const stream: StreamRecord = { name: 's', channels: ['a'], entries: events(0, 1, 2, 4, 6, 8) };
    expect(reconcile([stream], log)).toMatchObject([{ kind: 'stray', number: 1 }]);
  });

  test('an answer that would have ended an EventSource', () => {
    const refused: Entry = { kind: 'fault', at: 0, id: '', what: 'was answered with 502' };
    expect(verdict([refused, ...events(...numbers)])).toEqual(['fault -1']);
  });

  test('publishes one after the other that were given places the other way round', () => {
    const publishes = log.publishes.map((publish) => (publish.number === 4 ? { ...publish, id: idAt(65) } : publish));
    const delivered = [...events(0, 1, 2, 3, 5, 6), event(4, 65), ...events(7, 8, 9)];
    expect(verdict(delivered, { publishes })).toEqual(['misplaced 4']);
  });
});

describe('a gap that covers nothing', () => {
  test('of another channel', () => {
    expect(verdict([...events(0, 1, 2, 3), gapAfter(3, ['b'], 44), ...events(5, 6, 7, 8, 9)])).toEqual(['lost 4']);
  });

  test('behind the next event of the channel', () => {
    expect(verdict([...events(0, 1, 2, 3, 5, 6), gapAfter(6, ['a']), ...events(7, 8, 9)])).toEqual(['lost 4']);
  });

  test('before the last event that arrived', () => {
    expect(verdict([...events(0, 1), gapAfter(1, ['a', 'b']), ...events(2, 3, 5, 6, 7, 8, 9)])).toEqual(['lost 4']);
  });

  test('told before the event was sent', () => {
    expect(verdict([...events(0, 1, 2, 3), gapAfter(3, ['a'], 39), ...events(5, 6, 7, 8, 9)])).toEqual(['lost 4']);
  });

  test('told when the client’s cursor had passed the event', () => {
    expect(verdict([...events(0, 1, 2, 3, 5), gapAfter(5, ['a']), ...events(6, 7, 8, 9)])).toEqual(['lost 4']);
  });

  test('told in a later history than the one the event was lost in', () => {
    const publishes = numbers.map((number) =>
      number < 6 ? published(number) : { ...published(number), id: idAt(number, 'second') },
    );
    const later = (number: number): Entry => event(number, number, 'second');
    const told: Entry = { ...gapAfter(7, ['a']), id: idAt(7, 'second') };
    const entries = [...events(0, 1, 2, 3, 5), later(7), told, ...[6, 8, 9].map(later)];
    expect(verdict(entries, { publishes })).toEqual(expect.arrayContaining(['lost 4']));
  });

  test('told before anything was lost is a fault in itself', () => {
    const needless = [...events(0, 1, 2, 3), gapAfter(3, ['a', 'b']), ...events(4, 5, 6, 7, 8, 9)];
    expect(verdict(needless, { firstLossAt: 40 })).toEqual(['needless-gap -1']);
    expect(verdict(needless, { firstLossAt: 30 })).toEqual([]);
  });
});
