import type { OutgoingHttpHeader } from 'node:http';
import { constants, type Http2ServerRequest, type ServerHttp2Stream } from 'node:http2';
import type { FastifyRequest } from 'fastify';
import { streamHeaders } from '../lib/policy/index.ts';
import type { Fanout } from './fanout/fanout.ts';
import type { Event, Outlet, Stream } from './fanout/stream.ts';

/** A stream of an HTTP/2 connection. It has a window of its own: a client that does not read it holds no other. */
export class Http2Outlet implements Outlet {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get unsentBytes(): number {
    return this.#stream.writableLength;
  }

  write(bytes: Buffer): boolean {
    return this.#stream.write(bytes);
  }

  end(bytes: Buffer): void {
    this.#stream.end(bytes);
  }

  /** A reset: what is unsent is dropped, and the connection's other streams go on. */
  destroy(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Sends the head, with what plugins have put on it, and tells the core when the stream has room again and when it is gone. */
  begin<E extends Event, R extends string>(
    headers: Readonly<Record<string, OutgoingHttpHeader | undefined>>,
    fanout: Fanout<E, R>,
    stream: Stream<E>,
  ): void {
    this.#stream.on('drain', () => fanout.drained(stream));
    this.#stream.on('close', () => fanout.gone(stream));
    // the event is over when the client left while its channels were being subscribed to
    if (this.#stream.destroyed || this.#stream.closed) fanout.gone(stream);
    else this.#stream.respond({ [constants.HTTP2_HEADER_STATUS]: 200, ...headers, ...streamHeaders });
  }
}

/** The stream that a request over HTTP/2 came on; nothing for those before. */
export function http2StreamOf({ raw }: FastifyRequest): ServerHttp2Stream | undefined {
  return raw.httpVersionMajor < 2 ? undefined : (raw as unknown as Http2ServerRequest).stream;
}
