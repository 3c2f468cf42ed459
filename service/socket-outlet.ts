import { validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import { streamHeaders } from '../lib/policy/index.ts';
import type { Fanout } from './fanout/fanout.ts';
import { type Framing, lastChunk } from './fanout/frame.ts';
import type { Event, Outlet, Stream } from './fanout/stream.ts';

/** A connection whose response is written by hand, head, chunks and all. */
export class SocketOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #framing: Framing;
  /** Waits for the first bytes and goes out with them, in one packet. */
  #head: Buffer | undefined;

  constructor(socket: Socket, framing: Framing, headers: Readonly<Record<string, unknown>>) {
    this.#socket = socket;
    this.#framing = framing;
    this.#head = Buffer.from(headOf(framing, headers));
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(this.#head === undefined ? bytes : this.#withHead(bytes));
  }

  end(bytes: Buffer): void {
    this.#socket.end(Buffer.concat([this.#withHead(bytes), lastChunk[this.#framing]]));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #withHead(bytes: Buffer): Buffer {
    const head = this.#head;
    this.#head = undefined;
    return head === undefined ? bytes : Buffer.concat([head, bytes]);
  }
}

const fixedHead = [
  'HTTP/1.1 200 OK',
  ...Object.entries({ ...streamHeaders, connection: 'close' }).map(lineOf),
  '',
].join('\r\n');

/** The head of a stream's response, with what plugins have put on it, CORS for one. */
function headOf(framing: Framing, headers: Readonly<Record<string, unknown>>): string {
  const chunked = framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : '';
  let more = '';
  for (const name in headers) {
    for (const value of [headers[name]].flat()) {
      validateHeaderValue(name, String(value));
      more += `${lineOf([name, String(value)])}\r\n`;
    }
  }
  return `${fixedHead}${chunked}date: ${new Date().toUTCString()}\r\n${more}\r\n`;
}

function lineOf([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}

/** Where a socket keeps whom to tell: listeners that all sockets share cost nothing per stream. */
const following = Symbol('following');

interface Followed extends Socket {
  [following]: { readonly fanout: Fanout<never, never>; readonly stream: Stream<never> };
}

function drained(this: Followed): void {
  const { fanout, stream } = this[following];
  fanout.drained(stream);
}

function gone(this: Followed): void {
  const { fanout, stream } = this[following];
  fanout.gone(stream);
}

/** Tells the core when the socket has room again and when it is gone. */
export function follow<E extends Event, R extends string>(
  socket: Socket,
  fanout: Fanout<E, R>,
  stream: Stream<E>,
): void {
  Object.assign(socket, { [following]: { fanout, stream } });
  socket.on('drain', drained);
  socket.on('close', gone);
  // the event is over when the client left while its channels were being subscribed to
  if (socket.destroyed) fanout.gone(stream);
}
