import type { Socket } from 'node:net';
import type { Fanout } from './fanout/fanout.ts';
import { type Framing, lastChunk } from './fanout/frame.ts';
import type { Event, Outlet, Stream } from './fanout/stream.ts';

/** A socket whose response head has been sent; from here on the response's body is ours, chunks and all. */
export class SocketOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #framing: Framing;

  constructor(socket: Socket, framing: Framing) {
    this.#socket = socket;
    this.#framing = framing;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  end(bytes: Buffer): void {
    this.#socket.end(Buffer.concat([bytes, lastChunk[this.#framing]]));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Tells the core when the socket has room again and when it is gone. */
export function follow<E extends Event, R>(socket: Socket, fanout: Fanout<E, R>, stream: Stream<E>): void {
  socket.on('drain', () => fanout.drained(stream));
  socket.on('close', () => fanout.gone(stream));
  // the event is over when the client left while its channels were being subscribed to
  if (socket.destroyed) fanout.gone(stream);
}
