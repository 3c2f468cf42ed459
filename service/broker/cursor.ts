import { randomBytes } from 'node:crypto';
import type { Cursor } from './broker.ts';

const pattern = /^([a-z0-9]{1,32})-([a-z0-9]{1,11})$/;

/** The cursor as it travels in `id:` and Last-Event-ID: opaque to clients, ASCII, no ':' and no spaces. */
export function writeCursor({ epoch, position }: Cursor): string {
  return `${epoch}-${position.toString(36)}`;
}

/** The cursor of a client, or `undefined` for anything this service did not write. */
export function readCursor(text: string): Cursor | undefined {
  const [, epoch, digits] = pattern.exec(text) ?? [];
  const position = Number.parseInt(digits ?? '', 36);
  return epoch !== undefined && Number.isSafeInteger(position) ? { epoch, position } : undefined;
}

/** A name for a history that begins now. */
export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}
