import { poll } from './poll.ts';
import { openStream, resumeFrom } from './stream.ts';
import { openSocket } from './web-socket.ts';

/** What a client has of one visit: data of events in order, whether it was told of a gap, and where it stands. */
export interface Visit {
  readonly data: readonly unknown[];
  readonly gap: boolean;
  readonly cursor: string;
}

export interface Visitor {
  readonly url: string;
  /** Query of channels and filter. */
  readonly query: string;
  /** Undefined for a client that begins. */
  readonly cursor: string | undefined;
  /** Leaves when it has this many events. */
  readonly events: number;
}

/** One visit on each edge, by name. All take and leave the same cursor. */
export const edges: Readonly<Record<'stream' | 'webSocket' | 'poll', (visitor: Visitor) => Promise<Visit>>> = {
  stream: async ({ url, query, cursor, events }) => {
    const stream = await openStream(`${url}/events?${query}`, cursor === undefined ? {} : resumeFrom(cursor));
    await stream.event('stream:open');
    await stream.data(events);
    stream.close();
    const data = stream.events.filter(({ event }) => !event?.startsWith('stream:'));
    return {
      data: data.map((one) => JSON.parse(one.data)),
      gap: stream.events.some(({ event }) => event === 'stream:gap'),
      cursor: stream.events.findLast(({ id }) => id !== undefined)?.id ?? '',
    };
  },
  webSocket: async ({ url, query, cursor = '', events }) => {
    const client = await openSocket(`${url}/events/ws?${query}&cursor=${cursor}`);
    await client.message('stream:open');
    await client.data(events);
    client.socket.terminate();
    return {
      data: client.messages.filter(({ channel }) => channel !== undefined).map(({ data }) => data),
      gap: client.messages.some(({ type }) => type === 'stream:gap'),
      cursor: client.messages.findLast(({ id }) => id !== undefined)?.id ?? '',
    };
  },
  poll: async ({ url, query, cursor = '', events }) => {
    const data: unknown[] = [];
    let gap = false;
    for (let at = cursor; ; ) {
      const answer = await poll(url, `${query}&cursor=${at}&wait=5`);
      if (answer.status !== 200) throw new Error(`poll was answered with ${answer.status}`);
      data.push(...answer.events.map((one) => one.data));
      gap ||= answer.gap !== undefined;
      at = answer.cursor;
      if (data.length >= events) return { data, gap, cursor: at };
    }
  },
};

export type Edge = keyof typeof edges;
