import { policyRule } from '../policy/index.ts';
import { caddyFiles } from './caddy/files.ts';
import { http2Streams, readCaddy } from './caddy/read.ts';
import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';

/** Requests of a page besides its streams, on the same HTTP/2 connection. */
const pageRequests = 10;
const mostStreamsPerUser = http2Streams - pageRequests;

const byService = { because: 'done by the service' };

/** Caddy in front of the service: files to copy, and the effective settings of anybody's Caddyfile. */
export const caddy = defineTarget<Files>({
  id: 'caddy',
  title: 'Caddy',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'transport read_timeout, keepalive' },
    maxStreamAgeSeconds: { as: 'grace_period' },
    maxStreamAgeJitter: { as: 'grace_period' },
    retryMs: { as: 'map {sse_kit_retry}, Retry-After' },
    retryJitter: { as: 'map {sse_kit_retry}' },
    propagationSeconds: { because: 'a stopping replica answers 503, and the next one is asked in the same request' },
    drainSeconds: { as: 'TimeoutStopSec (systemd)' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'event streams are flushed write by write; request bodies are limited by the service' },
    slowClientBytes: byService,
    maxStreams: { as: 'LimitNOFILE (systemd)' },
    maxStreamsPerUser: { because: 'HTTP/2 streams per connection are fixed at 250; a limit here, not a setting' },
    connectRatePerSecond: { because: 'Caddy has no limit of its own; the service admits' },
    keepAliveSeconds: { because: 'must exceed keepalive, which follows idleSeconds' },
    stickiness: { as: 'lb_policy cookie (a comment: Caddy 2.9 and later)' },
  },
  limits: [
    portsLimit('caddy', 'Caddy'),
    policyRule({
      id: 'caddy-http2-streams',
      why: 'streams above the HTTP/2 limit wait in the browser without an error',
      source:
        "golang.org/x/net/http2: Server.MaxConcurrentStreams is 250 by default, and Caddy's files cannot change it",
      fields: ['maxStreamsPerUser'],
      broken: ({ maxStreamsPerUser }) =>
        maxStreamsPerUser > mostStreamsPerUser &&
        `maxStreamsPerUser (${maxStreamsPerUser}) must be at most ${mostStreamsPerUser}: Caddy carries ${http2Streams} requests on one HTTP/2 connection and a page needs some itself; lower maxStreamsPerUser to ${mostStreamsPerUser}`,
    }),
  ],
  render: caddyFiles,
  read: (files) => readCaddy(files),
  files: caddyFiles,
});
