import { type Hop, policyRule } from '../policy/index.ts';
import { type CloudflareConfig, ruleBody, settings } from './cloudflare/settings.ts';
import { worker } from './cloudflare/worker.ts';
import { numberFrom, settingsFile, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/**
 * Silence from the origin after which Cloudflare gives up (error 524). Its page on connection limits says 120 s
 * (developers.cloudflare.com/fundamentals/reference/connection-limits, July 2026), its API names 100 as the default
 * (zones_proxy_read_timeout_value, 1 to 6000); the lower one counts.
 */
const readTimeoutSeconds = 100;

const byService = { because: 'done by the service' };

/** Cloudflare in front of everything: settings and rules of a zone. */
export const cloudflare = defineTarget<CloudflareConfig>({
  id: 'cloudflare',
  title: 'Cloudflare',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { because: 'fixed but for the Enterprise plan; a limit here, not a setting' },
    maxStreamAgeSeconds: { because: 'has no duration cap on responses' },
    maxStreamAgeJitter: { because: 'has no duration cap on responses' },
    retryMs: { as: 'worker.js' },
    retryJitter: { as: 'worker.js' },
    propagationSeconds: { because: 'knows one origin; its replicas are known to the proxy there' },
    drainSeconds: byService,
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'responses pass as they come; request bodies are limited by the service' },
    slowClientBytes: byService,
    maxStreams: { because: 'has no limit on connections that could be set' },
    maxStreamsPerUser: { because: 'requests per HTTP/2 connection cannot be set' },
    connectRatePerSecond: {
      because: 'a rate limiting rule answers 429, which ends an EventSource; the service admits',
    },
    keepAliveSeconds: {
      because:
        'keeps idle connections to the origin for 900 s, and that cannot be set: a matter of what it connects to',
    },
    stickiness: { because: 'the cookie is set by the balancer at the origin, and passes' },
  },
  limits: [
    policyRule({
      id: 'cloudflare-read-timeout',
      why: 'a stream that is silent for longer is cut, or answered with 524 before its first byte',
      source:
        'Cloudflare API: zone setting proxy_read_timeout, 100 s by default; connection limits page: 120 s; only Enterprise zones can change it',
      fields: ['idleSeconds'],
      broken: ({ idleSeconds }) =>
        idleSeconds > readTimeoutSeconds &&
        `idleSeconds (${idleSeconds}) must be at most ${readTimeoutSeconds}, Cloudflare's proxy read timeout; lower idleSeconds to ${readTimeoutSeconds}`,
    }),
  ],
  render: () => {
    const { zone, enterprise, cacheRule, compressionRule, logpush } = settings();
    return {
      zone: valuesOf(zone),
      enterprise: valuesOf(enterprise),
      cacheRule: valuesOf(cacheRule),
      compressionRule: valuesOf(compressionRule),
      logpush: valuesOf(logpush),
    };
  },
  read,
  files: (policy) => {
    const { cacheRule, compressionRule } = settings();
    return {
      'cloudflare.yaml': settingsFile("Cloudflare: settings and rules of the stream's zone", settings()),
      'cache-rule.json': ruleBody('sse_kit_cache', valuesOf(cacheRule)),
      'compression-rule.json': ruleBody('sse_kit_compression', valuesOf(compressionRule)),
      'worker.js': worker(policy),
    };
  },
});

/**
 * What is not set counts with Cloudflare's default. Its refusals are not among the facts: the status of its error pages
 * is 400 or more whatever is set, so that only a Worker could refuse softly.
 */
function read({ enterprise, cacheRule, compressionRule, logpush }: CloudflareConfig): Hop {
  const seconds = numberFrom(enterprise, 'proxy_read_timeout', readTimeoutSeconds);
  const buffering = String(enterprise.response_buffering ?? 'off');
  const algorithm = String(compressionRule.algorithm ?? 'default');
  const fields = String(logpush.fields ?? '');
  return {
    target: 'cloudflare',
    idleTimers: [{ value: seconds, setting: `proxy_read_timeout: ${seconds}` }],
    buffering: { value: buffering === 'on', setting: `response_buffering: ${buffering}` },
    // "default" goes by a list of types in which text/event-stream is not
    compression: { value: !['none', 'default'].includes(algorithm), setting: `compression rule: ${algorithm}` },
    caching: { value: cacheRule.cache === true, setting: `cache rule: cache ${cacheRule.cache ?? 'by extension'}` },
    logsQuery: {
      value: /\bClientRequest(URI|Referer)\b/.test(fields),
      setting: fields === '' ? 'Logpush none' : `Logpush fields ${fields}`,
    },
  };
}
