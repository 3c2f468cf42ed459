import {
  cursorPattern,
  durationCapSeconds,
  poolIdleSeconds,
  proxySoftFailsHeader,
  retryBoundsMs,
  type StreamPolicy,
  softFailHeader,
  streamHeaders,
} from '../../policy/index.ts';
import { fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import type { Files } from '../target.ts';
import { type Line, type Part, print, word } from './syntax.ts';

/** HTTP/2 streams per connection that HAProxy allows by default (tune.h2.max-concurrent-streams). */
const usualHttp2Streams = 100;

/** Connections besides the streams: health checks, publishing, the page. */
const spareConnections = 100;

/** Half of a server's idle connections go in each step: after ten, a pool of a thousand is empty. */
export const poolHalvings = 10;

/** The two files of `proxies/haproxy/`. Valid for HAProxy 2.6 and every later version. */
export function haproxyFiles(policy: StreamPolicy): Files {
  return {
    'sse-kit.cfg':
      fileHead('Streams: the backends', [
        'Who answers, and what a client gets while no replica does.',
        'Load it after your own configuration:',
        '    haproxy -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/sse-kit.cfg',
        'and copy the lines of the frontend in example.cfg into yours.',
        'Change: the two server lines of the last backend, and their names where they are tracked.',
      ]) + print([streams(policy), requests(policy)]),
    'example.cfg':
      fileHead('Streams: a whole haproxy.cfg', [
        'A complete site in front of two replicas, with the backends of the file beside it.',
        'Check:  haproxy -c -f example.cfg -f sse-kit.cfg',
        'Change: the certificate of the bind line, and where the log goes.',
      ]) + print(site(policy)),
  };
}

/** The body of a soft answer: "retry:", and the client's cursor if it has one. An empty line in between does no harm. */
const softBody =
  'content-type text/event-stream lf-string "%[var(txn.sse_kit_retry)]\\n%[var(txn.sse_kit_resume)]\\n\\n"';

const readableAnywhere: readonly Line[] = [
  ['Access-Control-Allow-Origin %[var(txn.sse_kit_origin)]', '{ var(txn.sse_kit_origin) -m found }'],
  ['Access-Control-Allow-Credentials true', '{ var(txn.sse_kit_origin) -m found }'],
  ['Vary Origin', ''],
].map(([header, condition]) => ({
  directive: `http-after-response set-header ${header} if { status 502 503 504 } ${condition}`.trimEnd(),
}));

const towardsService = (policy: StreamPolicy): readonly Line[] => [
  { directive: 'mode http' },
  {
    why: 'an open stream is an open connection: new streams go to the replica that holds the fewest',
    directive: 'balance leastconn',
  },
  {
    why: 'without it small pieces wait for company: each event came 200 ms late over HTTP/1.1 (HAProxy 2.6)',
    directive: 'option http-no-delay',
  },
  {
    why: 'a client that leaves is noticed at once; HAProxy 2.6 does so over HTTP/2 only, and over HTTP/1.1 when heartbeats cannot be written any more',
    directive: 'option abortonclose',
  },
  {
    why: 'silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age, and "timeout tunnel" does not count for streams.',
    directive: `timeout server ${policy.idleSeconds}s`,
    from: ['idleSeconds'],
  },
  { why: 'a replica that is gone is given up before the client gives up', directive: 'timeout connect 2s' },
  { why: 'a retry goes to another replica', directive: 'option redispatch 1' },
  { directive: 'retries 2' },
];

function streams(policy: StreamPolicy): Part {
  const { least, most } = retryBoundsMs(policy);
  return {
    why: 'for requests that ask for an event stream by name, as EventSource does: they are refused softly',
    title: 'backend sse_kit_streams',
    lines: [
      ...towardsService(policy),
      {
        why: 'the service answers 503 where it would refuse softly by itself; another replica is asked in the same request, at once',
        directive: `http-request set-header ${titleCase(proxySoftFailsHeader)} 1`,
      },
      { directive: 'retry-on conn-failure empty-response 503' },
      {
        why: 'a compressor waits for more bytes; nobody is asked for one',
        directive: 'http-request del-header Accept-Encoding',
      },
      ...forwarded,
      {
        why: 'when no replica is left: a 200 with "retry:", because any other status ends an EventSource for good. When to come back, in milliseconds, is drawn per request, because EventSource has no jitter of its own',
        from: ['retryMs', 'retryJitter'],
        directive: `http-request set-var-fmt(txn.sse_kit_retry) "retry: %[rand(${most - least + 1}),add(${least})]"`,
      },
      {
        why: 'a client that is turned away keeps its cursor: some clients forget it when a response begins without an id',
        directive: `http-request set-var-fmt(txn.sse_kit_resume) "id: %[req.fhdr(last-event-id)]" if { req.fhdr(last-event-id) -m reg ${cursorPattern} }`,
      },
      { why: "HAProxy's own refusals, worded for an EventSource", directive: `http-error status 502 ${softBody}` },
      { directive: `http-error status 503 ${softBody}` },
      { directive: `http-error status 504 ${softBody}` },
      {
        why: "and the last replica's",
        directive: `http-response return status 503 ${softBody} if { status 502 503 504 }`,
      },
      {
        why: 'marked, so that it can be counted and is not mistaken for health',
        directive: `http-after-response set-header ${titleCase(softFailHeader)} upstream if { status 502 503 504 }`,
      },
      {
        directive: `http-after-response set-header Cache-Control "${streamHeaders['cache-control']}" if { status 502 503 504 }`,
      },
      {
        why: mayBeReadByAnyPage,
        directive: 'http-request set-var(txn.sse_kit_origin) req.hdr(origin)',
      },
      ...readableAnywhere,
      { directive: 'http-after-response set-var(txn.sse_kit_soft_fail) str(upstream) if { status 502 503 504 }' },
      {
        why: 'last, because the lines above ask for the status as it was',
        directive: 'http-after-response set-status 200 if { status 502 503 504 }',
      },
      cookie(policy.stickiness),
      idleConnections(policy),
      {
        why: 'the replicas of the backend below, healthy when they are healthy there',
        directive: serverLine(policy, 1, 'track sse_kit/replica1'),
      },
      { directive: serverLine(policy, 2, 'track sse_kit/replica2') },
    ],
  };
}

const forwarded: readonly Line[] = [
  { why: 'who asks', directive: 'option forwardfor' },
  {
    why: 'and how; a proxy further out, where TLS may have ended, knows better',
    directive:
      'http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)] if !{ req.hdr(x-forwarded-proto) -m found }',
  },
];

function requests(policy: StreamPolicy): Part {
  return {
    why: 'for everything else: publishing, the page, metrics, and streams for clients that are no EventSource',
    title: 'backend sse_kit',
    lines: [
      ...towardsService(policy),
      ...forwarded,
      {
        why: 'ordinary clients are told the truth, and when to try again',
        directive: `http-after-response set-header Retry-After ${Math.ceil(policy.retryMs / 1000)} if { status 502 503 504 } !{ res.hdr(retry-after) -m found }`,
        from: ['retryMs'],
      },
      cookie(policy.stickiness),
      {
        why: 'a draining replica is not ready: it gets no new streams, and keeps those it has',
        directive: 'option httpchk GET /readyz',
      },
      { directive: 'default-server check inter 1s fall 2 rise 1' },
      idleConnections(policy),
      { why: 'the replicas', directive: serverLine(policy, 1) },
      { directive: serverLine(policy, 2) },
    ],
  };
}

const idleConnections = (policy: StreamPolicy): Line => ({
  why: `half of the idle connections go in each of these steps, so that even a thousand are gone in ${poolHalvings} of them: before the service closes them itself, which a request on its way would meet`,
  directive: `default-server pool-purge-delay ${(poolIdleSeconds(policy) * 1000) / poolHalvings}ms`,
  from: ['idleSeconds'],
});

function serverLine({ stickiness }: StreamPolicy, index: number, more = ''): string {
  const bound = stickiness === 'none' ? '' : `cookie replica${index}`;
  return ['server', `replica${index}`, `127.0.0.1:808${index}`, bound, more].filter((one) => one !== '').join(' ');
}

function cookie(stickiness: StreamPolicy['stickiness']): Line {
  const why = 'any replica can resume any stream, so affinity is a convenience';
  if (stickiness === 'none') return { why: `no session affinity: ${why}`, from: ['stickiness'] };
  return {
    why: `${why}: for as long as a stream may live, a client comes back to its replica, whose memory answers its resume`,
    directive: `cookie ${word(stickiness.cookie)} insert indirect nocache httponly maxlife ${stickiness.seconds}s`,
    from: ['stickiness'],
  };
}

function site(policy: StreamPolicy): readonly Part[] {
  return [
    {
      title: 'global',
      lines: [
        {
          why: 'each stream is a connection; a quarter to spare. Above it connections wait in the listen queue, which no client takes for an error. Files, two per stream, follow from it by themselves.',
          directive: `maxconn ${Math.ceil(1.25 * policy.maxStreams) + spareConnections}`,
          from: ['maxStreams'],
        },
        {
          why: 'after a reload the old process carries its streams on until they have ended by their age; without a limit it stays for the last of them for ever, and a short limit cuts them all in one moment',
          directive: `hard-stop-after ${durationCapSeconds(policy)}s`,
          from: ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
        },
        {
          why: "streams of one browser, all its tabs together, with room for the page's own requests",
          directive: `tune.h2.max-concurrent-streams ${Math.max(usualHttp2Streams, policy.maxStreamsPerUser + 10)}`,
          from: ['maxStreamsPerUser'],
        },
        { why: 'where the log goes; under syslog: log /dev/log local0', directive: 'log stdout format raw daemon' },
      ],
    },
    {
      title: 'defaults',
      lines: [
        { directive: 'mode http' },
        { directive: 'log global' },
        {
          why: 'for a client that takes nothing more in',
          directive: `timeout client ${policy.idleSeconds}s`,
          from: ['idleSeconds'],
        },
        { directive: `timeout server ${policy.idleSeconds}s`, from: ['idleSeconds'] },
        { directive: 'timeout connect 2s' },
        { why: 'for a request to arrive, not for its answer', directive: 'timeout http-request 10s' },
        {
          why: 'a proxy in front of this one has to be the first to let go of an idle connection, like this one before the service',
          directive: `timeout http-keep-alive ${policy.keepAliveSeconds}s`,
          from: ['keepAliveSeconds'],
        },
      ],
    },
    {
      title: 'frontend sse_kit_site',
      lines: [
        { directive: 'bind :80' },
        {
          why: 'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: HTTP/2 carries them all on one',
          directive: 'bind :443 ssl crt /etc/haproxy/sse.example.com.pem alpn h2,http/1.1',
        },
        {
          why: 'HTTP/3 besides, where it is built in (haproxy -vv says +QUIC, which Debian 12 does not have) and UDP gets through:\nbind quic4@:443 ssl crt /etc/haproxy/sse.example.com.pem alpn h3\nhttp-after-response set-header Alt-Svc \'h3=":443"; ma=86400\'',
        },
        {
          why: 'a reload does not close idle connections just as the next request is sent on them',
          directive: 'option idle-close-on-response',
        },
        {
          why: 'the path without the query: EventSource cannot set headers, so tokens travel in the query. Written when the stream ends; age is in milliseconds.',
          directive: `log-format '%ci [%tr] "%HM %HPO" %ST %B age=%Ta upstream=%s state=%ts soft_fail=%[var(txn.sse_kit_soft_fail)]'`,
        },
        {
          why: 'streams for those that ask for them by name, as EventSource does',
          directive: 'use_backend sse_kit_streams if { path /events } { req.hdr(accept) -m sub -i text/event-stream }',
        },
        { directive: 'default_backend sse_kit' },
      ],
    },
  ];
}
