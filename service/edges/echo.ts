import type { IncomingHttpHeaders } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';

/** Headers that hops add, change or drop on the way, and that decide how a stream fares. */
const told = new Set([
  'accept',
  'accept-encoding',
  'cache-control',
  'cdn-loop',
  'cf-ray',
  'connection',
  'forwarded',
  'host',
  'last-event-id',
  'origin',
  'pragma',
  'priority',
  'sec-fetch-mode',
  'sec-fetch-site',
  'te',
  'user-agent',
  'via',
  'x-accel-buffering',
  'x-amz-cf-id',
  'x-amzn-trace-id',
  'x-real-ip',
  'x-request-id',
  'x-scheme',
  'x-sse-proxy-soft-fails',
]);
/** Of these only that they came: whoever sees the stream need not see them. */
const secret = ['authorization', 'cookie', 'proxy-authorization'];
/** A header is there to be recognised. */
const mostCharacters = 256;

/** What the service saw of a request, for whoever looks for the hop that changed it. */
export function echoOf({ raw, method, ip, headers }: FastifyRequest): Readonly<Record<string, unknown>> {
  const { socket } = raw;
  return {
    http: raw.httpVersion,
    method,
    tls: socket instanceof TLSSocket,
    client: ip,
    peer: { address: socket.remoteAddress, port: socket.remotePort },
    headers: shown(headers),
    present: secret.filter((name) => headers[name] !== undefined),
  };
}

function shown(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => told.has(name) || name.startsWith('x-forwarded-'))
      .map(([name, value]) => [name, String(value).slice(0, mostCharacters)]),
  );
}
