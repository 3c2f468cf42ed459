/** The wire format of an event stream, WHATWG HTML §9.2.6, and HTTP/1.1 chunks around it (RFC 9112 §7.1). */

export interface Frame {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  /** JSON text: one line by construction, so that no payload can forge a field. */
  readonly data?: string;
  readonly retryMs?: number;
}

/** The lines of one event. `id` and `type` must be free of CR, LF and NUL: they are checked where they enter. */
export function frame({ id, type, data, retryMs }: Frame): string {
  const retry = retryMs === undefined ? '' : `retry: ${retryMs}\n`;
  const identity = id === undefined ? '' : `id: ${id}\n`;
  const name = type === undefined ? '' : `event: ${type}\n`;
  const payload = data === undefined ? '' : `data: ${data}\n`;
  return `${retry}${identity}${name}${payload}\n`;
}

/** How bytes travel: as HTTP/1.1 chunks, or as they are (HTTP/1.0, HTTP/2). */
export type Framing = 'chunked' | 'raw';

const crlf = Buffer.from('\r\n');

/** The bytes as one write in the given framing. */
export function framed(framing: Framing, bytes: Buffer): Buffer {
  if (framing === 'raw') return bytes;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, crlf]);
}

/** What ends the body in the given framing. */
export const lastChunk: Readonly<Record<Framing, Buffer>> = { chunked: Buffer.from('0\r\n\r\n'), raw: Buffer.alloc(0) };

type Shared = Readonly<Record<Framing, Buffer>>;

const shared = (text: string): Shared => ({ raw: Buffer.from(text), chunked: framed('chunked', Buffer.from(text)) });

/**
 * Heartbeats: a comment, or an event that scripts can see; and the same while the store is away, so that whoever looks at
 * a silent stream knows why. They carry no id, so that no resume point moves.
 */
export const heartbeats: Readonly<Record<'comment' | 'event', { readonly usual: Shared; readonly storeLost: Shared }>> =
  {
    comment: { usual: shared(':\n\n'), storeLost: shared(': store-lost\n\n') },
    event: {
      usual: shared('event: heartbeat\ndata: {}\n\n'),
      storeLost: shared('event: heartbeat\ndata: {"store":"lost"}\n\n'),
    },
  };
