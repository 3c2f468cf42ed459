import type { Redis } from 'ioredis';
import { type Page, pageEvents, type StoredEvent } from './broker.ts';
import { timeOfPosition } from './position.ts';
import { logKey, lostKey, tailKey } from './redis-keys.ts';

/** What is asked of the history. */
interface Range {
  readonly channels: readonly string[];
  readonly after: number;
  readonly upTo: number;
  /** How long the last position of a channel outlives its log. */
  readonly tailMs: number;
}

interface Entry {
  readonly event: StoredEvent;
  /** Position of the channel's event before it; 0 when that is not known. */
  readonly previous: number;
}

/** What is left of a channel's history after a position, and the position of its last event. */
interface Log {
  readonly channel: string;
  readonly entries: readonly Entry[];
  readonly tail: number;
}

/** Channels read in one step, and steps under way at once: none must take longer than a command may. */
const channelsPerRead = 50;
const readsAtOnce = 20;

/** One page of the history of several channels, merged into their one order. */
export async function readPage(redis: Redis, { channels, after, upTo, tailMs }: Range): Promise<Page> {
  // many channels share a page
  const share = Math.max(10, Math.ceil(pageEvents / channels.length));
  const parts = Array.from({ length: Math.ceil(channels.length / channelsPerRead) }, (_, part) =>
    channels.slice(part * channelsPerRead, (part + 1) * channelsPerRead),
  );
  const readAll = async (): Promise<Log[]> => {
    const logs: Log[] = [];
    for (let part = 0; part < parts.length; part += readsAtOnce) {
      const reads = parts.slice(part, part + readsAtOnce).map((some) => readLogs(redis, some, after, share));
      logs.push(...(await Promise.all(reads)).flat());
    }
    return logs;
  };
  const [lost, logs] = await Promise.all([redis.get(lostKey), readAll()]);
  // a log that filled its share may go on: beyond its last entry this page knows nothing
  const filled = logs.filter(({ entries }) => entries.length === share);
  const bound = Math.min(upTo, ...filled.map(({ entries }) => entries.at(-1)?.event.position ?? upTo));
  const events = logs
    .flatMap(({ entries }) => entries.map(({ event }) => event))
    .filter(({ position }) => position <= bound)
    .sort((a, b) => a.position - b.position);
  const holed = Number(lost) > after ? logs : logs.filter((log) => hasHole(log, after, tailMs));
  const evicted = holed.map(({ channel }) => channel);
  return { events, upTo: bound, evicted };
}

/** Log and tail of each channel, as they were at one moment. */
async function readLogs(redis: Redis, channels: readonly string[], after: number, count: number): Promise<Log[]> {
  const reads = redis.multi();
  for (const channel of channels) reads.xrange(logKey(channel), `(${after}`, '+', 'COUNT', count).get(tailKey(channel));
  const replies = (await reads.exec()) ?? [];
  const failed = replies.find(([error]) => error !== null && !isForeign(error));
  if (failed) throw failed[0];
  return channels.map((channel, index) => {
    const [error, entries] = replies[2 * index] ?? [];
    return {
      channel,
      entries: ((entries ?? []) as RawEntry[]).map((entry) => parseEntry(channel, entry)),
      tail: error ? Number.POSITIVE_INFINITY : Number(replies[2 * index + 1]?.[1] ?? 0),
    };
  });
}

/** Somebody else wrote to the log's key: this channel has lost its history, and the others need not suffer from it. */
const isForeign = (error: Error): boolean => error.message.startsWith('WRONGTYPE');

/**
 * The first entry that is left names its predecessor; with none left, the tail tells whether there ever was one. Where
 * neither is known, nothing was published within the tail's life before, and of what was earlier nobody can tell.
 */
function hasHole({ entries: [first], tail }: Log, after: number, tailMs: number): boolean {
  const newest = first?.previous ?? tail;
  if (newest > 0) return newest > after;
  const known = (first ? timeOfPosition(first.event.position) : Date.now()) - tailMs;
  return after > 0 && timeOfPosition(after) < known;
}

/** A stream entry: its id, then field and value by turns, in the order the publish script wrote them. */
type RawEntry = [id: string, fields: string[]];

function parseEntry(channel: string, [id, [, previous, , type = '', , data = '']]: RawEntry): Entry {
  return { event: eventOf(channel, Number.parseInt(id, 10), type, data), previous: Number(previous) };
}

/** An event from its parts; an empty type is none. */
export function eventOf(channel: string, position: number, type: string, data: string): StoredEvent {
  return { channel, position, data, ...(type !== '' && { type }) };
}
