import { constants, type Http2ServerRequest, type Http2Session, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Service } from './service.ts';

/** RFC 9113 §6.8: the first of two GOAWAYs, so that no request that is on its way is refused. */
const anyStreamId = 2 ** 31 - 1;

/** Takes leave of connections: of those that stay on after their streams, a draining replica would never be rid. */
export class Connections {
  readonly #app: FastifyInstance;
  readonly #secure: boolean;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Known by name under TLS alone, where the server keeps no list of its own. */
  readonly #sockets = new Set<Socket>();

  constructor(app: FastifyInstance, { settings, delivery }: Pick<Service, 'settings' | 'delivery'>) {
    this.#app = app;
    this.#secure = settings.tls !== undefined;
    if (this.#secure) this.#keepList();
    app.addHook('onSend', ({ raw }, reply, _payload, done) => {
      if (delivery.draining) {
        // the next request looks for another replica
        if (raw.httpVersionMajor < 2) reply.header('connection', 'close');
        else tellToGo((raw as unknown as Http2ServerRequest).stream.session);
      }
      done();
    });
  }

  /** Sessions take no new streams from now on, and go on with those they have. Their clients come back on another one. */
  leave(): void {
    for (const session of this.#sessions) tellToGo(session);
  }

  /** Ends what is idle, and everything else after a while. */
  close(afterMs: number): void {
    for (const session of this.#sessions) session.close();
    setTimeout(() => {
      if (!this.#secure) this.#app.server.closeAllConnections();
      for (const socket of this.#sockets) socket.destroy();
    }, afterMs).unref();
  }

  #keepList(): void {
    const { server } = this.#app;
    server.on('connection', (socket) => listed(this.#sockets, socket));
    server.on('session', (session: ServerHttp2Session) => listed(this.#sessions, session));
  }
}

function listed<T extends { once(event: 'close', gone: () => void): unknown }>(list: Set<T>, one: T): void {
  list.add(one);
  one.once('close', () => list.delete(one));
}

function tellToGo(session: Http2Session | undefined): void {
  if (session && !session.closed && !session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, anyStreamId);
}

/** Over HTTP/2 Node has no time limit on a request that never ends. */
export function limitBodies(app: FastifyInstance, { settings: { tls } }: Pick<Service, 'settings'>): void {
  if (tls === undefined) return;
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { stream } = raw as unknown as Partial<Http2ServerRequest>;
    if (stream && !stream.endAfterHeaders) {
      const overdue = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), app.server.requestTimeout);
      for (const event of ['end', 'close']) stream.once(event, () => clearTimeout(overdue));
    }
    done();
  });
}
