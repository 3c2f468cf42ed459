import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Delivery, ServiceStream } from '../delivery.ts';
import { detach } from '../detach.ts';
import type { Framing } from '../fanout/frame.ts';
import type { Outlet } from '../fanout/stream.ts';
import { Http2Outlet, http2StreamOf } from '../http2-outlet.ts';
import { Problem } from '../problem.ts';
import { follow, SocketOutlet } from '../socket-outlet.ts';

/** A response that a stream takes over: what it writes to, and how its bytes travel. */
export interface StreamResponse {
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** From here on the response is the stream's. */
  readonly begin: (delivery: Delivery, stream: ServiceStream) => void;
  /** Emits 'close' when the client is gone. */
  readonly carrier: Pick<Duplex, 'once'>;
}

/** @throws Problem 400 for a request that is behind another one on its connection. */
export function streamResponse(request: FastifyRequest, reply: FastifyReply): StreamResponse {
  // Node gives a response its connection when it is that response's turn; ours writes to the connection at once
  if (reply.raw.socket === null) throw new Problem(400, 'a stream needs a connection of its own: no pipelining');
  return overHttp2(request, reply) ?? overHttp1(request, reply);
}

function overHttp1({ raw: { socket } }: FastifyRequest, reply: FastifyReply): StreamResponse {
  // Before HTTP/1.1 there are no chunks, unless the client says that it knows them: the end of the connection is the end
  // of the body.
  const framing = reply.raw.useChunkedEncodingByDefault ? 'chunked' : 'raw';
  return {
    outlet: new SocketOutlet(socket, framing, reply.getHeaders()),
    framing,
    carrier: socket,
    begin: ({ fanout }, stream) => {
      reply.hijack();
      detach(socket, reply.raw);
      follow(socket, fanout, stream);
    },
  };
}

/** HTTP/2 has frames of its own, and the stream shares its connection. */
function overHttp2(request: FastifyRequest, reply: FastifyReply): StreamResponse | undefined {
  const carrier = http2StreamOf(request);
  if (carrier === undefined) return undefined;
  const outlet = new Http2Outlet(carrier);
  return {
    outlet,
    framing: 'raw',
    carrier,
    begin: ({ fanout }, stream) => {
      reply.hijack();
      outlet.begin(reply.getHeaders(), fanout, stream);
    },
  };
}
