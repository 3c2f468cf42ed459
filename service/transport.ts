import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import { serverTimersMs } from '../lib/policy/index.ts';
import type { ServiceSettings } from './settings.ts';
import { readTls } from './tls.ts';

/** A request's line and headers, over HTTP/1 and HTTP/2 alike: Node's own default, said so that it stays. */
const maxHeaderBytes = 16_384;
/** How often Node looks for requests that are overdue: its timers are this exact and no more. */
const checkMs = 5000;
/** As many as a browser opens on one connection: kMaxConcurrentStreamLimit in Chromium's net/spdy/spdy_session.h. */
const maxConcurrentStreams = 256;

/** Connections beside one for each stream, and one more for each that comes back before its old one is given up. */
const spareConnections = 1000;

type Transport = Pick<FastifyHttpOptions<RawServerDefault>, 'http' | 'keepAliveTimeout' | 'requestTimeout'>;

/**
 * What Fastify is told of the server below it: HTTP/1.1, or with a certificate HTTP/2 and HTTP/1.1 on one port, by ALPN.
 *
 * HTTP/2 needs no pings of ours: heartbeats keep a session with streams alive, and one without streams is closed like
 * any idle connection. Of Node's defaults these matter: 10 MB of unsent bytes in a session, beyond which new streams on
 * it are refused, and windows of 64 KiB for what clients send.
 */
export function transportOf({ policy, tls }: ServiceSettings): Transport {
  const { keepAliveTimeout, requestTimeout, headersTimeout } = serverTimersMs(policy);
  const common = { keepAliveTimeout, requestTimeout };
  const limits = { headersTimeout, connectionsCheckingInterval: checkMs, maxHeaderSize: maxHeaderBytes };
  if (tls === undefined) return { ...common, http: { ...limits, requireHostHeader: false } };
  const secure = {
    http2: true,
    https: {
      ...readTls(tls),
      allowHTTP1: true,
      handshakeTimeout: headersTimeout,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes },
    },
    http2SessionTimeout: keepAliveTimeout,
  };
  return { ...common, ...secure };
}

/** What a server takes as properties only. */
export function tuneServer(server: RawServerDefault, { policy, tls }: ServiceSettings): void {
  const { keepAliveTimeout, requestTimeout, headersTimeout } = serverTimersMs(policy);
  server.maxConnections = 2 * policy.maxStreams + spareConnections;
  // the HTTP/1.1 half of a server for both
  if (tls !== undefined)
    Object.assign(server, { keepAliveTimeout, requestTimeout, headersTimeout, connectionsCheckingInterval: checkMs });
}
