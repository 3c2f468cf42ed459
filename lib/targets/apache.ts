import { policyRule } from '../policy/index.ts';
import { apacheFiles } from './apache/files.ts';
import { readApache } from './apache/read.ts';
import { portsLimit } from './ports.ts';
import { defineTarget, type Files } from './target.ts';

const byService = { because: 'done by the service' };

/** Apache httpd in front of the service: files to copy, and the effective settings of anybody's configuration. */
export const apache = defineTarget<Files>({
  id: 'apache',
  title: 'Apache httpd',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'BalancerMember timeout, ttl' },
    maxStreamAgeSeconds: { as: 'GracefulShutdownTimeout' },
    maxStreamAgeJitter: { as: 'GracefulShutdownTimeout' },
    retryMs: { as: 'RewriteMap rnd, Retry-After' },
    retryJitter: { as: 'RewriteMap rnd' },
    propagationSeconds: { because: 'a stopping replica fails its health check within a second' },
    drainSeconds: byService,
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'what comes is passed on as it comes; request bodies are limited by the service' },
    slowClientBytes: byService,
    maxStreams: { as: 'MaxRequestWorkers, ServerLimit, MaxSpareThreads' },
    maxStreamsPerUser: { as: 'H2MaxSessionStreams' },
    connectRatePerSecond: { because: 'Apache has no limit of its own; the service admits' },
    keepAliveSeconds: { because: 'must exceed ttl, which follows idleSeconds' },
    stickiness: { as: 'stickysession, Set-Cookie' },
  },
  limits: [
    portsLimit('apache', 'Apache'),
    policyRule({
      id: 'apache-cookie-name',
      why: 'in stickysession "|" ends the name, and in a Header line "%" begins something else: no client would be bound',
      source: 'httpd.apache.org/docs/2.4/mod/mod_proxy.html: stickysession; mod_headers.html: Header',
      fields: ['stickiness'],
      broken: ({ stickiness }) =>
        stickiness !== 'none' &&
        /[|%]/.test(stickiness.cookie) &&
        `stickiness.cookie ("${stickiness.cookie}") must be without | and %, which Apache reads as something else; rename stickiness.cookie to "${stickiness.cookie.replace(/[|%]/g, '_')}"`,
    }),
  ],
  render: apacheFiles,
  read: (files) => readApache(files),
  files: apacheFiles,
});
