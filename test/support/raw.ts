import { once } from 'node:events';
import { connect } from 'node:net';

/** What came back on a connection, and whether it was closed by the other side. */
export interface Exchange {
  readonly text: string;
  readonly closed: boolean;
}

/**
 * Sends bytes as they are and returns what comes back until the connection is closed, or until patience ends. `more` is
 * sent once something has come back.
 */
export async function exchange(
  url: string,
  bytes: string | Buffer,
  patienceMs = 3000,
  more?: string,
): Promise<Exchange> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const pieces: Buffer[] = [];
  // a reset is an end as well: of what was sent, not all was wanted
  socket.on('error', () => {});
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), patienceMs);
  if (more !== undefined) socket.once('data', () => socket.write(more));
  socket.write(bytes);
  const closed = await once(socket, 'close', { signal: over.signal }).then(
    () => true,
    () => false,
  );
  clearTimeout(timer);
  socket.destroy();
  return { text: Buffer.concat(pieces).toString('latin1'), closed };
}

/** The one response in the text, taken apart. */
export function responseIn(text: string): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = fields.map((field) => [
    field.slice(0, field.indexOf(':')).toLowerCase(),
    field.slice(field.indexOf(':') + 1).trim(),
  ]);
  return { status: Number(line.split(' ')[1]), headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}
