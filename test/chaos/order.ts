import { readCursor } from '../../service/broker/cursor.ts';
import type { Reconciliation, Violation } from './reconcile.ts';
import type { Publish, StreamRecord } from './record.ts';

/** An event that every stream of its channel owes an account of. */
export interface HeldEvent {
  readonly number: number;
  readonly sentAt: number;
  readonly id: string;
  /** Its publisher was told so; otherwise some stream has proved that it was published all the same. */
  readonly accepted: boolean;
}

/** The one order that all streams have to agree with. */
export interface Order {
  /** What the channel held, in order. */
  readonly events: (channel: string) => readonly HeldEvent[];
  readonly placeOf: (channel: string, number: number) => number | undefined;
  /** How many of a channel's events have to be accounted for: those up to its closing one. */
  readonly owed: (channel: string) => number;
  /** Whether it was ever sent, accepted or not. */
  readonly isKnown: (channel: string, number: number) => boolean;
  /** Whether an id stands behind a cursor: in a later history, or further on in the same. */
  readonly isAfter: (id: string, cursor: string) => boolean;
  /** Events that were sent one after the other's answer, and got places the other way round. */
  readonly misplaced: readonly Violation[];
}

/** The order by the ids that publishers were given and, where a publisher was told nothing, by those that streams saw. */
export function orderOf(records: readonly StreamRecord[], { publishes, closing }: Reconciliation): Order {
  const compare = comparison(records, publishes);
  const seen = smallestIds(records, compare);
  const held = new Map<string, HeldEvent[]>();
  for (const { channel, number, sentAt, id } of publishes) {
    const place = id ?? seen.get(number);
    if (place === undefined) continue;
    const events = held.get(channel) ?? [];
    held.set(channel, events);
    events.push({ number, sentAt, id: place, accepted: id !== undefined });
  }
  for (const events of held.values()) events.sort((a, b) => compare(a.id, b.id) || a.number - b.number);
  const places = new Map([...held].map(([channel, events]) => [channel, new Map(events.map(numbered))]));
  const sent = new Map(publishes.map(({ number, channel }) => [number, channel]));
  const placeOf = (channel: string, number: number): number | undefined => places.get(channel)?.get(number);
  return {
    events: (channel) => held.get(channel) ?? [],
    placeOf,
    owed: (channel) => (placeOf(channel, closing.get(channel) ?? -1) ?? -1) + 1,
    isKnown: (channel, number) => sent.get(number) === channel,
    isAfter: (id, cursor) => compare(id, cursor) > 0,
    misplaced: [...held].flatMap(([channel, events]) => misplacedIn(channel, events)),
  };
}

const numbered = ({ number }: HeldEvent, place: number): [number, number] => [number, place];

/** Histories in the order in which anybody first met them, positions within. What is no cursor stands before all. */
function comparison(
  records: readonly StreamRecord[],
  publishes: readonly Publish[],
): (one: string, other: string) => number {
  const met = new Map<string, number>();
  const meet = (id: string | undefined, at: number): void => {
    const epoch = readCursor(id ?? '')?.epoch;
    if (epoch !== undefined && at < (met.get(epoch) ?? Number.POSITIVE_INFINITY)) met.set(epoch, at);
  };
  for (const { id, answeredAt } of publishes) meet(id, answeredAt);
  for (const { entries } of records) for (const { id, at } of entries) meet(id, at);
  return (one, other) => {
    const [a, b] = [readCursor(one), readCursor(other)];
    if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
    if (a.epoch !== b.epoch) return (met.get(a.epoch) ?? 0) - (met.get(b.epoch) ?? 0);
    return a.position - b.position;
  };
}

/** By number, the smallest id that any stream saw: one that was handed on late may carry a later one. */
function smallestIds(
  records: readonly StreamRecord[],
  compare: (one: string, other: string) => number,
): ReadonlyMap<number, string> {
  const ids = new Map<number, string>();
  for (const { entries } of records) {
    for (const entry of entries) {
      if (entry.kind !== 'event') continue;
      const known = ids.get(entry.number);
      if (known === undefined || compare(entry.id, known) < 0) ids.set(entry.number, entry.id);
    }
  }
  return ids;
}

function misplacedIn(channel: string, events: readonly HeldEvent[]): Violation[] {
  const accepted = events.filter((event) => event.accepted);
  return accepted.slice(1).flatMap(({ number }, before) => {
    const previous = accepted[before]?.number ?? -1;
    const detail = `stands behind ${previous}, which was sent after it had been accepted`;
    return number < previous
      ? [{ kind: 'misplaced', stream: '', channel, number, index: -1, detail } satisfies Violation]
      : [];
  });
}
