import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Draft, Once } from '../broker/broker.ts';
import { Problem } from '../problem.ts';

const token = /^[\x21-\x7e]{1,128}$/;

/**
 * What makes a publish safe to repeat: its Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), the user's own,
 * and the events it is to publish. Without the header nothing.
 *
 * @throws Problem 400 for a key that is none.
 */
export function onceOf(request: FastifyRequest, drafts: readonly Draft[]): Once | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = keyFrom(String(header));
  if (key === undefined)
    throw new Problem(400, 'Idempotency-Key must be 1 to 128 visible ASCII characters, with or without quotes around');
  return {
    key: digestOf([request.caller.user ?? '', key]),
    fingerprint: digestOf(drafts.flatMap(({ type, data }) => [type ?? '', data])),
  };
}

/** The draft wants a quoted string; most clients send the bare key. Both name the same. */
function keyFrom(text: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text);
  const key = quoted?.[1]?.replace(/\\(.)/g, '$1') ?? text;
  const bare = quoted !== null || !text.startsWith('"');
  return bare && token.test(key) ? key : undefined;
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
