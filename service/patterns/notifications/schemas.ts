import { Problem } from '../../problem.ts';
import { userPattern } from '../announce.ts';
import type { NotificationDraft } from './store.ts';

/** A page of notifications is read by people. */
const mostPerPage = 100;
const usualPage = 20;
/** For scripts: ids and the like, not documents. */
const dataBytes = 4096;
/** Room for all that the fields may hold, escaped. */
export const bodyBytes = 65_536;

const user = { type: 'string', pattern: userPattern };
/** A page of this site or a web address. Anything else, `javascript:` above all, has no place behind a click. */
const link = { type: 'string', maxLength: 2000, pattern: '^(https?://|/(?![/\\\\]))[^\\s\\\\]*$' };

export const add = {
  params: { type: 'object', properties: { user } },
  body: {
    type: 'object',
    required: ['title'],
    additionalProperties: false,
    properties: {
      title: { type: 'string', minLength: 1, maxLength: 200 },
      body: { type: 'string', maxLength: 2000 },
      link,
      data: {},
    },
  },
};

export const whose = { querystring: { type: 'object', properties: { user } } };

export const page = {
  querystring: {
    type: 'object',
    properties: {
      user,
      limit: { type: 'integer', minimum: 1, maximum: mostPerPage, default: usualPage },
      before: { type: 'string', pattern: '^[a-z0-9]{1,11}$' },
    },
  },
};

export const read = {
  ...whose,
  params: { type: 'object', properties: { id: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } } },
};

/** @throws Problem 413 */
export function checkData({ data }: NotificationDraft): void {
  const size = data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data));
  if (size > dataBytes) throw new Problem(413, `data has ${size} bytes, and may have ${dataBytes}`);
}
