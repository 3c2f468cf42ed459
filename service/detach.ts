import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What Node's HTTP server has put on a connection that it parses; not part of Node's documented interface. */
interface Parsed extends Socket {
  encrypted?: boolean;
  parser?: Partial<Record<'unconsume' | 'remove' | 'close', () => void>> | null;
}

/**
 * Takes a connection out of the hands of Node's HTTP server once the head of its response is out, so that request,
 * response and parser can be collected: they are two thirds of what an idle stream costs (bench/RESULTS.md). It does
 * what the server does itself before it hands a connection to an 'upgrade' listener. What the client sends from here on is
 * read and dropped. Where there is no such parser, or TLS has listeners of its own on the socket, all stays as it is: the
 * response keeps the connection, so that whatever the client sends next is answered after it, and that is never.
 */
export function detach(socket: Socket, response: ServerResponse): void {
  const { encrypted, parser } = socket as Parsed;
  if (encrypted || !parser?.unconsume || !parser.remove || !parser.close) return;
  response.detachSocket(socket);
  parser.unconsume();
  parser.remove();
  (socket as Parsed).parser = null;
  // not now: the parser is in the middle of the request that opened the stream
  setImmediate(closeParser, parser);
  // the server's own, each of which holds all of the above
  socket.removeAllListeners();
  socket.on('end', leave);
  // followed by 'close', which somebody listens to
  socket.on('error', ignore);
  socket.resume();
}

function closeParser(parser: { close?: () => void }): void {
  parser.close?.();
}

/** A client that has said its last word wants no more: the HTTP server sees it the same way. */
function leave(this: Socket): void {
  this.destroy();
}

function ignore(): void {}
