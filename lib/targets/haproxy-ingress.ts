import type { Fact, Hop, Stickiness, StreamPolicy } from '../policy/index.ts';
import { edgeCoverage } from './edge/coverage.ts';
import { defineEdge, type Grammar } from './edge/edge.ts';
import { cookieNameLimit, http2Limit, poolLimit } from './edge/limits.ts';
import { ofKind } from './edge/manifest.ts';
import { type Migration, noLimits } from './edge/migration.ts';
import { ingress } from './edge/objects.ts';
import { type Line, line } from './edge/tree.ts';
import { poolHalvings } from './haproxy/files.ts';
import { backendLines, refusesSoftly } from './haproxy-ingress/backend.ts';
import { setting } from './settings.ts';

const prefix = 'haproxy-ingress.github.io/';
const project = 'jcmoraisjr/haproxy-ingress';

/** What the controller has where nothing is said (docs/content/en/docs/configuration/keys.md, v0.16). */
const defaults = { timeoutServer: '50s', cookie: 'INGRESSCOOKIE', keywords: 'indirect nocache httponly' };

/** HAProxy lets go of half of a server's idle connections every 5 s (pool-purge-delay); the controller does not change it. */
const poolSeconds = 5 * poolHalvings;

const annotationOf = (key: string, value: string, why: string, from: Line['from'] = []): Line =>
  line(`${prefix}${key}`, value, why, from);

const annotations = (policy: StreamPolicy): readonly Line[] => [
  annotationOf(
    'timeout-server',
    `${policy.idleSeconds}s`,
    'silence for longer cuts the stream; timeout-tunnel, an hour by default, is for WebSockets and does not help',
    ['idleSeconds'],
  ),
  annotationOf(
    'config-backend',
    backendLines(policy),
    'lines of HAProxy itself; a controller that runs with --disable-config-keywords=* leaves them out',
  ),
  annotationOf(
    'balance-algorithm',
    'leastconn',
    'an open stream is an open connection: new streams go to the replica with the fewest',
  ),
  annotationOf('timeout-connect', '5s', 'a replica that is gone is given up before the client gives up'),
  ...affinity(policy.stickiness),
];

function affinity(stickiness: StreamPolicy['stickiness']): readonly Line[] {
  if (stickiness === 'none') return [];
  const { cookie, seconds } = stickiness;
  return [
    annotationOf('affinity', 'cookie', 'a client comes back to its replica while it is there', ['stickiness']),
    annotationOf('session-cookie-name', cookie, 'the name of the cookie', ['stickiness']),
    annotationOf(
      'session-cookie-keywords',
      `${defaults.keywords} maxlife ${seconds}s`,
      'the default words, and an end: not longer than a stream may live',
      ['stickiness'],
    ),
  ];
}

const documented = (key: string): string => `${project}:docs/content/en/docs/configuration/keys.md, ${key}, v0.16`;
const haproxyTime: Grammar = {
  accepts: /^\d+(?:us|ms|[smhd])$/,
  says: 'a whole number with its unit, such as 60s; without one it is ignored',
  source: `${project}:pkg/converters/ingress/annotations/updater.go, regexValidTime, v0.16`,
};

const snippet = { now: `${prefix}config-backend, in words of HAProxy, below those that are there` };

const migration: Migration = {
  'proxy-buffering': { unneeded: 'responses are never held back' },
  'proxy-request-buffering': { unneeded: 'off unless something asks for the body' },
  'proxy-read-timeout': { now: `${prefix}timeout-server, with its unit: "60s"` },
  'proxy-send-timeout': { now: 'timeout-client, for the whole controller' },
  'proxy-connect-timeout': { now: `${prefix}timeout-connect, with its unit` },
  'proxy-http-version': { unneeded: 'HTTP/1.1 towards the service' },
  'proxy-next-upstream': { unneeded: 'a refused connection is tried again at another replica' },
  'proxy-body-size': { now: `${prefix}proxy-body-size` },
  affinity: { now: `${prefix}affinity` },
  'affinity-mode': { lost: 'a cookie names its replica until that is gone, as "persistent" did' },
  'session-cookie-name': { now: `${prefix}session-cookie-name` },
  'session-cookie-max-age': { now: `maxlife in ${prefix}session-cookie-keywords: the server counts, not the browser` },
  'session-cookie-expires': { now: `maxlife in ${prefix}session-cookie-keywords: the server counts, not the browser` },
  'session-cookie-change-on-failure': { unneeded: 'a client of a failed replica is given another one' },
  'load-balance': { now: `${prefix}balance-algorithm` },
  'upstream-hash-by': { now: `${prefix}balance-algorithm: "hdr(…)" or "url_param …"` },
  ...noLimits,
  'enable-access-log': { lost: 'http-log-format, for the whole controller' },
  'custom-http-errors': { now: `${prefix}http-response-503; for streams, what config-backend says` },
  'configuration-snippet': snippet,
  'server-snippet': snippet,
  'ssl-redirect': { now: `${prefix}ssl-redirect; on by default` },
};

/** HAProxy Ingress (jcmoraisjr): annotations of the Ingress. */
export const haproxyIngress = defineEdge({
  id: 'haproxy-ingress',
  title: 'HAProxy Ingress',
  coverage: edgeCoverage({
    idleSeconds: { as: 'timeout-server' },
    retryMs: { as: 'config-backend: retry' },
    retryJitter: { as: 'config-backend: retry' },
    keepAliveSeconds: { because: `idle connections are gone after ${poolSeconds} s (pool-purge-delay); see the limit` },
    stickiness: { as: 'affinity, session-cookie-name, session-cookie-keywords' },
  }),
  limits: [
    poolLimit(
      {
        id: 'haproxy-ingress',
        title: 'HAProxy Ingress',
        source: 'haproxy/haproxy:doc/configuration.txt: pool-purge-delay 5s, half of the idle connections each time',
      },
      poolSeconds,
    ),
    http2Limit(
      {
        id: 'haproxy-ingress',
        title: 'HAProxy Ingress',
        source: 'haproxy/haproxy:doc/configuration.txt: tune.h2.fe.max-concurrent-streams 100',
      },
      100,
    ),
    cookieNameLimit(
      {
        id: 'haproxy-ingress',
        title: 'HAProxy Ingress',
        source: 'haproxy/haproxy:doc/configuration.txt §2.2, quoting',
      },
      /[^A-Za-z0-9\-_.]/g,
      'letters, digits and - _ .',
    ),
  ],
  minimumVersions: [
    {
      of: 'HAProxy Ingress',
      version: '0.15',
      because: 'its HAProxy, 2.6, knows the words of config-backend; the 2.4 of 0.14 does not take them',
    },
  ],
  grammar: {
    [`${prefix}timeout-server`]: haproxyTime,
    [`${prefix}timeout-connect`]: haproxyTime,
    [`${prefix}config-backend`]: {
      accepts: /^(?:(?:#.*|option http-no-delay|http-(?:request|response|after-response|error) .+)(?:\n|$))+$/,
      says: 'lines of a HAProxy backend, unless --disable-config-keywords forbids them',
      source: documented('configuration-snippet'),
    },
    [`${prefix}balance-algorithm`]: {
      accepts: /^(?:roundrobin|static-rr|leastconn|first|source|random(?:\(\d+\))?|uri|hdr\(.+\)|url_param \S+)$/,
      says: 'an algorithm of HAProxy',
      source: documented('balance-algorithm'),
    },
    [`${prefix}affinity`]: { accepts: /^cookie$/, says: 'cookie', source: documented('affinity') },
    [`${prefix}session-cookie-name`]: {
      accepts: /^[A-Za-z0-9\-_.]+$/,
      says: 'letters, digits and - _ .',
      source: documented('affinity'),
    },
    [`${prefix}session-cookie-keywords`]: {
      accepts: /^(?:indirect|nocache|httponly|secure|postonly|maxidle \d+[smhd]?|maxlife \d+[smhd]?| )+$/,
      says: "words of HAProxy's cookie directive",
      source: documented('affinity'),
    },
  },
  controller: ({ idleSeconds }) => [
    setting('timeout-client', `${idleSeconds}s`, 'for all frontends; no stream is cut by it while its client reads'),
    setting(
      'timeout-stop',
      'at least the age of a stream',
      'after a reload old processes carry their streams on for so long; the default is 10m, and then all are cut at once',
    ),
    setting(
      'close-sessions-duration',
      '90%',
      'with --track-old-instances: old processes end their streams one after the other within timeout-stop',
    ),
    setting('max-connections', '65536', 'both sides of all streams; the default of 2000 ends at as many streams'),
    setting('http-log-format', '%ci %ST %HM %HPO', 'the default logs the query, and with it the tokens in it'),
  ],
  migration,
  manifests: (policy, place) => [ingress(place, 'haproxy', annotations(policy))],
  read: ({ manifests }) => {
    const given = ofKind(manifests, 'Ingress')?.metadata.annotations ?? {};
    return hopOf((key) => given[`${prefix}${key}`]);
  },
});

const unitSeconds: Readonly<Record<string, number>> = { us: 1e-6, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** `undefined` for what the controller ignores. */
function secondsOf(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)(us|ms|[smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (unitSeconds[unit] ?? 1);
}

function hopOf(value: (key: string) => string | undefined): Hop {
  const timeout = value('timeout-server') ?? defaults.timeoutServer;
  return {
    target: 'haproxy-ingress',
    idleTimers: [{ value: secondsOf(timeout) ?? 50, setting: `timeout-server: "${timeout}"` }],
    poolIdle: {
      value: poolSeconds,
      setting: `pool-purge-delay ${poolSeconds / poolHalvings}s × ${poolHalvings} (default of HAProxy)`,
    },
    streamsPerConnection: { value: 100, setting: 'tune.h2.fe.max-concurrent-streams 100 (default of HAProxy)' },
    stickiness: affinityOf(value),
    refusals: refusesSoftly(value('config-backend') ?? '')
      ? { value: 'soft', setting: 'config-backend: retry: for event streams' }
      : { value: 'fatal', setting: 'config-backend: no answer of its own for event streams' },
  };
}

/** Without maxlife the cookie binds for as long as the browser keeps it. */
function affinityOf(value: (key: string) => string | undefined): Fact<Stickiness | 'none'> {
  if (value('affinity') !== 'cookie') return { value: 'none', setting: 'affinity: not set' };
  const keywords = value('session-cookie-keywords') ?? defaults.keywords;
  const [, life = ''] = /\bmaxlife (\S+)/.exec(keywords) ?? [];
  // here, unlike in timeouts, a bare number is seconds (configuration.txt, "cookie")
  const ends = secondsOf(/^\d+$/.test(life) ? `${life}s` : life) ?? Number.POSITIVE_INFINITY;
  const cookie = value('session-cookie-name') ?? defaults.cookie;
  return { value: { cookie, seconds: ends }, setting: `session-cookie-keywords: "${keywords}"` };
}
