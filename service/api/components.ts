import { channelPattern, cursorPattern } from '../../lib/policy/index.ts';

const id = { type: 'string', pattern: cursorPattern, description: 'the cursor that resumes behind this event' };
const channel = { type: 'string', pattern: channelPattern };

/** What several operations of the OpenAPI document share. */
export const components = {
  schemas: {
    Event: {
      type: 'object',
      required: ['id', 'channel', 'type', 'data'],
      properties: {
        id,
        channel,
        type: { type: 'string', description: '"message" when it was published without one' },
        data: { description: 'any JSON value' },
      },
    },
    NewEvent: {
      type: 'object',
      required: ['data'],
      additionalProperties: false,
      properties: {
        type: { type: 'string', minLength: 1, maxLength: 128 },
        data: { description: 'any JSON value' },
      },
    },
    Gap: {
      type: 'object',
      description: 'some events behind the cursor that was asked with are missing, and will not come',
      required: ['channels', 'requested', 'reason'],
      properties: {
        channels: { type: 'array', items: channel },
        requested: { type: 'string' },
        reason: { enum: ['evicted', 'epoch', 'store-lost'] },
      },
    },
    Problem: {
      type: 'object',
      description: 'RFC 9457',
      required: ['title', 'status', 'detail'],
      properties: {
        title: { type: 'string' },
        status: { type: 'integer' },
        detail: { type: 'string', description: 'the field, its value, and what would be accepted' },
      },
    },
  },
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    cookie: { type: 'apiKey', in: 'cookie', name: 'sse_token' },
    token: { type: 'apiKey', in: 'query', name: 'token' },
    ticket: { type: 'apiKey', in: 'query', name: 'ticket', description: 'one-time, from POST /tickets' },
  },
} as const;
