import { type HeldEvent, type Order, orderOf } from './order.ts';
import type { Entry, Publish, StreamRecord } from './record.ts';

export type ViolationKind =
  | 'lost'
  | 'repeated'
  | 'reordered'
  | 'phantom'
  | 'stray'
  | 'needless-gap'
  | 'fault'
  | 'misplaced';

/** One thing that must not be. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly stream: string;
  readonly channel: string;
  readonly number: number;
  /** Where in the stream's record. */
  readonly index: number;
  readonly detail: string;
}

export interface Reconciliation {
  readonly publishes: readonly Publish[];
  /** The last event of each channel, by number: up to here every stream owes an account. */
  readonly closing: ReadonlyMap<string, number>;
  /** When data was first lost; before that a gap is a fault in itself. */
  readonly firstLossAt: number;
}

type Delivered = Entry & { readonly kind: 'event' };

/** Everything that is wrong with the streams' records, given what was published. */
export function reconcile(records: readonly StreamRecord[], log: Reconciliation): readonly Violation[] {
  const order = orderOf(records, log);
  return [...order.misplaced, ...records.flatMap((record) => reconcileStream(record, log, order))];
}

function reconcileStream(record: StreamRecord, log: Reconciliation, order: Order): Violation[] {
  const { name, entries } = record;
  const found: Violation[] = [];
  const report = (kind: ViolationKind, index: number, channel: string, number: number, detail: string): void => {
    found.push({ kind, stream: name, channel, number, index, detail });
  };
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === 'fault') report('fault', index, '', -1, entry.what);
    if (entry.kind === 'gap' && entry.at < log.firstLossAt)
      report('needless-gap', index, entry.channels.join(), -1, `${entry.reason}, and nothing had been lost`);
    if (entry.kind !== 'event') continue;
    const { channel, number } = entry;
    if (!order.isKnown(channel, number)) report('phantom', index, channel, number, 'was never sent');
    if (!record.channels.includes(channel)) report('stray', index, channel, number, 'is of another channel');
  }
  for (const channel of record.channels) reconcileChannel(record, channel, order, report);
  return found;
}

type Report = (kind: ViolationKind, index: number, channel: string, number: number, detail: string) => void;

/** Walks what the stream got of a channel beside what the channel held. */
function reconcileChannel({ entries }: StreamRecord, channel: string, order: Order, report: Report): void {
  const held = order.events(channel);
  const seen = new Set<number>();
  let before = -1;
  let next = 0;
  const account = (upTo: number, index: number): void => {
    for (; next < upTo; next++) {
      const missing = held[next];
      if (missing === undefined || isCovered(entries, channel, missing, index, order)) continue;
      const what = missing.accepted ? 'was accepted' : 'reached another stream';
      report('lost', index, channel, missing.number, `${what}, is missing here, and no gap covers it`);
    }
  };
  for (const [index, entry] of entries.entries()) {
    if (entry.kind !== 'event' || entry.channel !== channel) continue;
    const place = order.placeOf(channel, entry.number);
    if (place === undefined) continue;
    if (seen.has(entry.number)) {
      report('repeated', index, channel, entry.number, 'was delivered before');
      continue;
    }
    seen.add(entry.number);
    if (place < next) {
      report('reordered', index, channel, entry.number, `came after ${(entries[before] as Delivered).number}`);
      continue;
    }
    account(place, index);
    next = place + 1;
    before = index;
  }
  account(order.owed(channel), entries.length);
}

/**
 * A gap tells the client to fetch anew what its channels stand for: what was sent before that moment is settled with it.
 * So it excuses a missing event that was sent before the gap was told and is behind it in the record, which is where a
 * replay meets the hole; but none from before the position the client had by then. That had been vouched for: a cursor
 * means "everything up to here".
 */
function isCovered(
  entries: readonly Entry[],
  channel: string,
  { sentAt, id }: HeldEvent,
  before: number,
  { isAfter }: Order,
): boolean {
  for (let index = 0; index < before; index++) {
    const entry = entries[index] as Entry;
    if (entry.kind !== 'gap' || !entry.channels.includes(channel)) continue;
    const position = entries[index - 1]?.id ?? '';
    if (sentAt < entry.at && isAfter(id, position)) return true;
  }
  return false;
}
