import { softFailReasons } from '../../lib/policy/index.ts';
import { json, type Operation, problems, ref } from './answers.ts';
import { patternOperations } from './pattern-operations.ts';

const stream = {
  description:
    'an event stream, WHATWG HTML §9.2; with X-SSE-Soft-Fail it is a refusal that brings the client back: a `retry:`, `stream:close`, and the end',
  headers: {
    'X-SSE-Soft-Fail': {
      description: 'why there is no stream',
      schema: { enum: softFailReasons },
    },
  },
  content: { 'text/event-stream': { schema: { type: 'string' } } },
};
const goAway = { '204': { description: 'nothing more to come; stay away until you have a new token' } };
const status = { type: 'object', properties: { status: { type: 'string' } } };

/** By method and path, as they stand in the document. */
export const operations: Readonly<Record<string, Operation>> = {
  'GET /events': {
    tags: ['receive'],
    summary: 'the stream',
    description:
      'Begins with `retry:` and `stream:open`, goes on with what came after Last-Event-ID, and stays open. `stream:gap` says what cannot be had any more, `stream:close` why the service ends the stream.',
    responses: { '200': stream, ...goAway, ...problems(400, 401, 403, 406, 429, 503) },
  },
  'GET /events/poll': {
    tags: ['receive'],
    summary: 'long polling',
    description:
      'Answers as soon as there is something behind the cursor, or when the wait is over. Without a cursor it answers at once with one to begin with. Each answer has the cursor of the next poll.',
    responses: {
      '200': json('what came', {
        type: 'object',
        required: ['events', 'cursor'],
        properties: {
          events: { type: 'array', items: ref('Event') },
          cursor: { type: 'string' },
          gap: ref('Gap'),
        },
      }),
      ...goAway,
      ...problems(400, 401, 403, 429, 503),
    },
  },
  'GET /events/ws': {
    tags: ['receive'],
    summary: 'WebSocket',
    description:
      'Each text message is an Event, or without a channel the service\'s own: {"type": "stream:open" | "stream:gap" | "stream:close", "id"?, "data"}. Heartbeats are pings. Close codes: 1001 come back at once (drain, max-age), 1013 come back later (slow, overloaded, store-lost), 1008 come back with a new token (token-expired, revoked), 1003 you sent something.',
    responses: {
      '101': { description: 'the WebSocket is open' },
      ...goAway,
      ...problems(400, 401, 403, 426, 429, 503),
    },
  },
  'POST /channels/{channel}/events': {
    tags: ['publish'],
    summary: 'publish one event, or several in order',
    description: 'With an Idempotency-Key header a repetition is answered as the first time, and kept once.',
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: { oneOf: [ref('NewEvent'), { type: 'array', minItems: 1, maxItems: 1000, items: ref('NewEvent') }] },
        },
      },
    },
    responses: {
      '202': json('kept, and on their way', {
        type: 'object',
        required: ['ids'],
        properties: { ids: { type: 'array', items: { type: 'string' } } },
      }),
      ...problems(400, 401, 403, 413, 422, 503),
    },
  },
  'PUT /streams/{id}/types': {
    tags: ['receive'],
    summary: "change an open stream's type filter",
    description: 'Whichever replica holds it. For its user and for administrators.',
    responses: { '204': { description: 'done' }, ...problems(400, 401, 403, 404, 503) },
  },
  'GET /diagnostics/stream': {
    tags: ['operate'],
    summary: 'a stream that ticks as asked, for probing a path',
    description:
      'Its first event, `diagnostics`, says what the service saw of the request; then `tick` events with their number and the time they were sent. Behind the last tick a client that comes back gets 204.',
    responses: { '200': stream, '204': { description: 'all ticks were sent' }, ...problems(400, 401, 429, 503) },
  },
  'POST /tickets': {
    tags: ['rights'],
    summary: "a one-time ticket with the caller's rights, for the URL of a stream",
    responses: {
      '201': json('good once, for a moment', {
        type: 'object',
        required: ['ticket', 'expiresInSeconds'],
        properties: { ticket: { type: 'string' }, expiresInSeconds: { type: 'integer' } },
      }),
      ...problems(401, 403, 503),
    },
  },
  'DELETE /users/{user}/streams': {
    tags: ['rights'],
    summary: "end a user's streams everywhere",
    description: 'For administrators. Tokens and tickets issued until now are refused from here on.',
    responses: {
      '202': json('all replicas are told', {
        type: 'object',
        required: ['user', 'revokedAt', 'endedHere'],
        properties: {
          user: { type: 'string' },
          revokedAt: { type: 'string', format: 'date-time' },
          endedHere: { type: 'integer' },
        },
      }),
      ...problems(400, 401, 403, 503),
    },
  },
  ...patternOperations,
  'GET /stats': {
    tags: ['operate'],
    summary: 'what this replica knows of itself',
    responses: { '200': json('statistics', { type: 'object' }), ...problems(401, 403) },
  },
  'GET /metrics': {
    tags: ['operate'],
    summary: 'metrics for Prometheus',
    responses: {
      '200': { description: 'text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } },
    },
  },
  'GET /livez': {
    tags: ['operate'],
    summary: 'the process is alive',
    responses: { '200': json('it is', status) },
  },
  'GET /readyz': {
    tags: ['operate'],
    summary: 'new streams are welcome',
    responses: { '200': json('they are', status), '503': json('draining, or without the event store', status) },
  },
};
