import type { FastifyRequest } from 'fastify';
import { channelPattern } from '../../lib/policy/index.ts';

/** What all edges are asked with. */
export interface Asked extends AskedCursor {
  readonly channel: readonly string[];
  readonly type?: readonly string[];
}

interface AskedCursor {
  readonly lastEventId?: string;
  readonly cursor?: string;
}

/** A filter's types: at most this many, each as long as a publish may have it. */
export const typesSchema = {
  type: 'array',
  maxItems: 100,
  items: { type: 'string', minLength: 1, maxLength: 128 },
} as const;

/** Query keys by which a client says where it stands. A stranger's text is answered with a gap, so any is accepted. */
export const cursorKeys = {
  lastEventId: {
    type: 'string',
    maxLength: 256,
    description: 'as Last-Event-ID, for clients that cannot send headers; the header wins',
  },
  cursor: { type: 'string', maxLength: 256, description: 'another name of lastEventId' },
} as const;

/** Query keys of every edge that hands out events. */
export const askedKeys = {
  channel: {
    type: 'array',
    minItems: 1,
    maxItems: 100,
    items: { type: 'string', pattern: channelPattern },
    description: 'repeatable',
  },
  type: { ...typesSchema, description: 'repeatable; only events of these types, "message" for those without one' },
  ...cursorKeys,
} as const;

/** Channels and types, each once. */
export function subscriptionOf({ channel, type = [] }: Asked): {
  readonly channels: readonly string[];
  readonly types: readonly string[];
} {
  return { channels: [...new Set(channel)], types: [...new Set(type)] };
}

/** The header is the browser's, and newer: it moves on with each event, while the query stays as it was written. */
export function cursorOf(request: FastifyRequest): string | undefined {
  const header = request.headers['last-event-id'];
  const { lastEventId, cursor } = request.query as AskedCursor;
  return (typeof header === 'string' && header) || lastEventId || cursor || undefined;
}
