import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';
import { traefikFiles } from './traefik/files.ts';
import { readTraefik } from './traefik/read.ts';

const byService = { because: 'done by the service' };

/** Traefik in front of the service: files to copy, and the effective settings of anybody's. */
export const traefik = defineTarget<Files>({
  id: 'traefik',
  title: 'Traefik',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'idleConnTimeout; there is no idle timer on responses' },
    maxStreamAgeSeconds: { because: 'has no duration cap; a changed dynamic part leaves open streams alone' },
    maxStreamAgeJitter: { because: 'as maxStreamAgeSeconds' },
    retryMs: {
      because: 'a soft answer cannot have a body of its own: clients keep the retry that the service drew for them',
    },
    retryJitter: { because: 'as retryMs' },
    propagationSeconds: { as: 'requestAcceptGraceTimeout, TimeoutStopSec (systemd)' },
    drainSeconds: { as: 'graceTimeOut, TimeoutStopSec (systemd)' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'event streams are flushed write by write; request bodies are limited by the service' },
    slowClientBytes: byService,
    maxStreams: { as: 'LimitNOFILE (systemd)' },
    maxStreamsPerUser: { as: 'http2.maxConcurrentStreams' },
    connectRatePerSecond: {
      because: 'rateLimit and inFlightReq answer 429, which ends an EventSource; the service admits',
    },
    keepAliveSeconds: { as: 'respondingTimeouts.idleTimeout' },
    stickiness: { as: 'sticky.cookie' },
  },
  limits: [portsLimit('traefik', 'Traefik')],
  render: traefikFiles,
  read: (files) => readTraefik(files),
  files: traefikFiles,
});
