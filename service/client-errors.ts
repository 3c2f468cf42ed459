import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Problem, problemType } from './problem.ts';

/** What Node's parser and timers say, and what the client is told; all else is a request that cannot be read. */
const told: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the request line and its headers are larger than 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the extensions of a chunk are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
};
const unreadable = [400, 'this is not a request that can be read'] as const;

/** A socket with the response that is under way on it, as Node keeps it for itself. */
type Answering = Socket & { readonly _httpMessage?: ServerResponse | null };

/** A request that is none, refused below the framework and its routes: a problem too, and the end of the connection. */
export function refuseClient(error: Error & { readonly code?: string }, socket: Socket): void {
  const { _httpMessage: response } = socket as Answering;
  // a response that has begun, a stream above all, must not find another one in its middle, nor a publish that is being
  // kept a refusal in its place
  const answering = response && (response.headersSent || response.req.complete);
  if (error.code !== 'ECONNRESET' && socket.writable && !answering) {
    const [status, detail] = told[error.code ?? ''] ?? unreadable;
    const body = problemText(status, detail);
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        `Content-Type: ${problemType}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroySoon();
}

/** `Expect` with anything but 100-continue, which Node would answer with an empty body. */
export function refuseExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const body = problemText(417, 'of Expect only 100-continue is known');
    response.writeHead(417, { 'content-type': problemType, 'content-length': Buffer.byteLength(body) }).end(body);
  });
}

/** RFC 9112 §3.2. Node's own refusal has no body. */
export function requireHost(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1')
      done(new Problem(400, 'the Host header is missing'));
    else done();
  });
}

const problemText = (status: number, detail: string): string =>
  JSON.stringify({ title: STATUS_CODES[status], status, detail });
