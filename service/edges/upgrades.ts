import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Where WebSockets of one path are told of, and no other upgrade. Once somebody listens for upgrades, Node takes every
 * request that offers one out of its hands, and Java's HttpClient and `curl --http2` offer `h2c` with each. A server may
 * ignore the offer (RFC 9110 §7.8): such requests go back to Node without it.
 */
export function webSocketsOf(server: Server, path: string): Server {
  const webSockets = new EventEmitter();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const wanted = request.headers.upgrade?.toLowerCase() === 'websocket' && request.url?.split('?')[0] === path;
    if (wanted) webSockets.emit('upgrade', request, socket, head);
    else giveBack(server, request, socket, head);
  });
  // of a server, @fastify/websocket only listens to this one event
  return webSockets as Server;
}

const offers = new Set(['upgrade', 'connection', 'http2-settings']);

/** The request as it came, but for its offer; Node begins anew with it. */
function giveBack(server: Server, request: IncomingMessage, socket: Socket, rest: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (!offers.has((rawHeaders[index] as string).toLowerCase()))
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]));
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
}
