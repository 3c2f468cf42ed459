import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Problem } from '../../problem.ts';
import type { Notification } from './store.ts';

const keyPattern = /^[\x21-\x7e]{1,255}$/;
const idBytes = 16;

/** An id of its own, or the one that an Idempotency-Key stands for: what is asked for twice is then kept once. */
export function idOf(key: string | string[] | undefined): string {
  if (key === undefined) return randomBytes(idBytes).toString('base64url');
  if (typeof key !== 'string' || !keyPattern.test(key))
    throw new Problem(400, 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces');
  return createHash('sha256').update(key).digest().subarray(0, idBytes).toString('base64url');
}

/** @throws Problem 422 when the key of one notification was used for another one. */
export function checkSame({ at: _at, ...kept }: Notification, { at: _when, ...wanted }: Notification): void {
  if (!isDeepStrictEqual(kept, wanted))
    throw new Problem(422, 'this Idempotency-Key was used before for another notification');
}
