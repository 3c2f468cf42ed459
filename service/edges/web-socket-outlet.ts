import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import type { CloseReason } from '../../lib/policy/index.ts';
import type { Outlet } from '../fanout/stream.ts';

/** RFC 6455 §7.4.1 and IANA's registry: going away, policy violation, try again later. */
const closeCodes: Readonly<Record<CloseReason, number>> = {
  'max-age': 1001,
  drain: 1001,
  revoked: 1008,
  'token-expired': 1008,
  slow: 1013,
  overloaded: 1013,
  'store-lost': 1013,
};

/**
 * A WebSocket after its handshake. Messages go to the socket as they are, framed once for all streams of a group; `ws`
 * answers pings and closes. Both send whole frames in one turn, as long as no extension is agreed on, so that theirs
 * stand between ours (its lib/sender.js: only compression and blobs make it wait).
 */
export class WebSocketOutlet implements Outlet {
  readonly #ws: WebSocket;
  readonly #socket: Socket;

  constructor(ws: WebSocket, socket: Socket) {
    this.#ws = ws;
    this.#socket = socket;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): boolean {
    // nothing may follow a close, RFC 6455 §5.5.1; the end of the connection is on its way
    return this.#ws.readyState !== this.#ws.OPEN || this.#socket.write(bytes);
  }

  end(bytes: Buffer, reason: string): void {
    this.write(bytes);
    this.#ws.close(closeCodes[reason as CloseReason], reason);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
