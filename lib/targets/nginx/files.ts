import {
  durationCapSeconds,
  poolIdleSeconds,
  proxySoftFailsHeader,
  retryBoundsMs,
  type StreamPolicy,
  softFailHeader,
} from '../../policy/index.ts';
import { fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import type { Files } from '../target.ts';
import type { Line } from '../writing.ts';
import { print } from './syntax.ts';

/** HTTP/2 streams per connection that nginx allows by default (ngx_http_v2_module). */
const usualHttp2Streams = 128;

/** Requests besides the streams: health checks, publishing, the page. */
const spareRequests = 100;

/** Steps of the jitter: nginx has no arithmetic, only a choice between values. */
const retrySteps = 10;

/** The three files of `nginx/`. Valid for nginx 1.22 and every later version. */
export function nginxFiles(policy: StreamPolicy): Files {
  return {
    'sse-kit.http.conf':
      fileHead('Streams: the part for the http { } level', [
        'Who answers, how refusals are worded, and a log format without tokens.',
        'Include it once, inside http { } and outside every server { }:',
        '    include sse-kit.http.conf;',
        'Change: the two server lines.',
      ]) + print(httpLevel(policy)),
    'sse-kit.location.conf':
      fileHead('Streams: the part for a server { }', [
        'The locations of the stream and its fallbacks, and what a client gets while no replica answers.',
        'Include it inside the server { } that serves your site, after sse-kit.http.conf:',
        '    include sse-kit.location.conf;',
        'Change: the path of the access log, and the paths if your service has others.',
      ]) + print(serverLevel(policy)),
    'example.conf':
      fileHead('Streams: a whole nginx.conf', [
        'A complete site in front of two replicas, with the two files beside it included.',
        'Check:  nginx -t -c $PWD/example.conf',
        'Change: listen, server_name and, for TLS, the certificate lines.',
      ]) + print(mainLevel(policy)),
  };
}

function httpLevel(policy: StreamPolicy): readonly Line[] {
  return [
    {
      directive: 'upstream sse_kit',
      block: [
        {
          why: 'shared between workers, so that least_conn counts the streams of all of them',
          directive: 'zone sse_kit 64k',
        },
        {
          why: 'an open stream is an open connection: new streams go to the replica that holds the fewest',
          directive: 'least_conn',
        },
        {
          why: 'the replicas; one that fails is left alone for a moment, and no longer than that, because clients are waiting',
          directive: 'server 127.0.0.1:8081 max_fails=1 fail_timeout=2s',
        },
        { directive: 'server 127.0.0.1:8082 max_fails=1 fail_timeout=2s' },
        { why: 'idle connections kept for the next request; streams do not count', directive: 'keepalive 32' },
        {
          why: 'shorter than the service keeps them, or a reconnect meets a closing socket and gets a 502',
          directive: `keepalive_timeout ${poolIdleSeconds(policy)}s`,
          from: ['idleSeconds'],
        },
        sticky(policy.stickiness),
      ],
    },
    {
      why: 'does this request come from an EventSource? Only those are refused softly.',
      directive: 'map $http_accept $sse_kit_event_stream',
      block: [{ directive: 'default 0' }, { directive: '"~*text/event-stream" 1' }],
    },
    {
      why: 'the host with its port, as the client wrote it; clients of HTTP/1.0 need not write one',
      directive: 'map $http_host $sse_kit_host',
      block: [{ directive: 'default $http_host' }, { directive: '"" $host' }],
    },
    {
      why: 'how the client asks; a proxy further out, where TLS may have ended, knows better',
      directive: 'map $http_x_forwarded_proto $sse_kit_proto',
      block: [{ directive: 'default $http_x_forwarded_proto' }, { directive: '"" $scheme' }],
    },
    {
      why: 'an upgrade goes on to the service; for everything else nginx would send "Connection: close"',
      directive: 'map $http_upgrade $sse_kit_connection',
      block: [{ directive: 'default upgrade' }, { directive: '"" ""' }],
    },
    {
      why: 'marks a soft answer, so that it can be counted and is not mistaken for health',
      directive: 'map $sse_kit_event_stream $sse_kit_soft_fail',
      block: [{ directive: 'default ""' }, { directive: '1 upstream' }],
    },
    {
      why: 'a client that is turned away keeps its cursor: some clients forget it when a response begins without an id',
      directive: 'map $http_last_event_id $sse_kit_resume',
      block: [{ directive: 'default "id: $http_last_event_id\\n"' }, { directive: '"" ""' }],
    },
    {
      why: 'a page of another origin sends its origin along; nobody else is told of it',
      directive: 'map $http_origin $sse_kit_credentials',
      block: [{ directive: 'default true' }, { directive: '"" ""' }],
    },
    {
      why: 'when to come back, in milliseconds: drawn per request, because EventSource has no jitter of its own',
      from: ['retryMs', 'retryJitter'],
      directive: 'split_clients $request_id $sse_kit_retry',
      block: retryChoices(policy).map((choice) => ({ directive: choice })),
    },
    {
      why: 'the path without the query: EventSource cannot set headers, so tokens travel in the query. Written when the stream ends; request_time is its age.',
      directive: `log_format sse_kit '$remote_addr [$time_iso8601] "$request_method $uri" $status $body_bytes_sent '
                   'age=$request_time upstream=$upstream_addr soft_fail=$sent_http_${softFailHeader.replaceAll('-', '_')}'`,
    },
  ];
}

function sticky(stickiness: StreamPolicy['stickiness']): Line {
  const why = 'any replica can resume any stream, so affinity is a convenience.';
  if (stickiness === 'none') return { why: `no session affinity: ${why}`, from: ['stickiness'] };
  return {
    why: `${why} From nginx 1.29.6 on, this line adds it:\nsticky cookie ${stickiness.cookie} expires=${stickiness.seconds}s path=/ httponly;`,
    from: ['stickiness'],
  };
}

/** Equal shares of the retry range, from its lower to its upper bound. */
function retryChoices(policy: StreamPolicy): readonly string[] {
  const { least, most } = retryBoundsMs(policy);
  const values = Array.from({ length: retrySteps }, (_, step) =>
    Math.round(least + ((most - least) * step) / (retrySteps - 1)),
  );
  return values.map((value, step) => `${step < retrySteps - 1 ? `${100 / retrySteps}%` : '*'} ${value}`);
}

/** Who the client is, for the service's limits and its Origin checks. */
const clientHeaders: readonly Line[] = [
  {
    why: 'with its port: the service compares it with the Origin of pages',
    directive: 'proxy_set_header Host $sse_kit_host',
  },
  { directive: 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for' },
  { directive: 'proxy_set_header X-Forwarded-Proto $sse_kit_proto' },
];

/** Headers without a value are left out. */
const readableAnywhere: readonly Line[] = [
  { why: mayBeReadByAnyPage, directive: 'add_header Access-Control-Allow-Origin $http_origin always' },
  { directive: 'add_header Access-Control-Allow-Credentials $sse_kit_credentials always' },
  { directive: 'add_header Vary Origin always' },
];

/** Also where nothing is intercepted: what the service says by itself goes through. */
const unavailable: Line = {
  why: 'when no replica is left: a 503 that says when to try again, and not a page about a bad gateway',
  directive: 'error_page 502 504 = @sse_kit_refusal',
};

function serverLevel(policy: StreamPolicy): readonly Line[] {
  return [
    {
      directive: 'location ~ ^/(?:events|diagnostics/stream)$',
      block: [
        { directive: 'proxy_pass http://sse_kit' },
        {
          why: 'explicit, because versions before 1.29.7 speak 1.0 to the service, and 1.0 has neither chunks nor connection reuse',
          directive: 'proxy_http_version 1.1',
        },
        { why: 'and they send "Connection: close" unless told not to', directive: 'proxy_set_header Connection ""' },
        ...clientHeaders,
        {
          why: 'a buffered event arrives when the buffer is full, not when it happens; on a TLS listener even the headers wait',
          directive: 'proxy_buffering off',
        },
        {
          why: "another nginx further out must hear the service's wish too; nginx hides this header unless told to pass it",
          directive: 'proxy_pass_header X-Accel-Buffering',
        },
        { why: 'a compressor waits for more bytes and keeps its state per stream', directive: 'gzip off' },
        { why: "one client's stream is never another's", directive: 'proxy_cache off' },
        {
          why: 'silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age.',
          directive: `proxy_read_timeout ${policy.idleSeconds}s`,
          from: ['idleSeconds'],
        },
        { why: 'a replica that is gone is given up before the client gives up', directive: 'proxy_connect_timeout 2s' },
        {
          why: 'the service answers 503 where it would refuse softly by itself; the next replica is asked at once',
          directive: `proxy_set_header ${titleCase(proxySoftFailsHeader)} 1`,
        },
        { directive: 'proxy_next_upstream error timeout http_503' },
        { directive: 'proxy_next_upstream_timeout 5s' },
        {
          why: 'when no replica is left: a 200 with "retry:", because any other status ends an EventSource for good',
          directive: 'proxy_intercept_errors on',
        },
        { directive: 'error_page 502 503 504 = @sse_kit_refusal' },
        { why: 'no tokens in the log', directive: 'access_log /var/log/nginx/sse-kit.log sse_kit' },
      ],
    },
    {
      why: 'the fallbacks: a long poll waits almost as long as a stream may be silent, and a WebSocket is an upgrade that has to be passed on',
      directive: 'location ~ ^/events/(?:poll|ws)$',
      block: [
        { directive: 'proxy_pass http://sse_kit' },
        { directive: 'proxy_http_version 1.1' },
        { directive: 'proxy_set_header Upgrade $http_upgrade' },
        { directive: 'proxy_set_header Connection $sse_kit_connection' },
        ...clientHeaders,
        { directive: `proxy_read_timeout ${policy.idleSeconds}s`, from: ['idleSeconds'] },
        { directive: 'proxy_connect_timeout 2s' },
        unavailable,
        { directive: 'access_log /var/log/nginx/sse-kit.log sse_kit' },
      ],
    },
    {
      directive: 'location @sse_kit_refusal',
      block: [
        { directive: 'access_log /var/log/nginx/sse-kit.log sse_kit' },
        {
          why: 'ordinary clients are told the truth, and when to try again',
          directive: 'if ($sse_kit_event_stream = 0)',
          block: [
            { directive: `add_header Retry-After ${Math.ceil(policy.retryMs / 1000)} always` },
            { directive: 'return 503' },
          ],
        },
        {
          why: 'an EventSource gets an empty stream that tells it when to come back',
          directive: 'default_type text/event-stream',
        },
        { directive: 'add_header Cache-Control "no-cache, no-transform" always' },
        { directive: `add_header ${titleCase(softFailHeader)} $sse_kit_soft_fail always` },
        ...readableAnywhere,
        { directive: 'return 200 "retry: $sse_kit_retry\\n$sse_kit_resume\\n"' },
      ],
    },
  ];
}

const connectionsFor = ({ maxStreams }: StreamPolicy): number => Math.ceil(1.25 * 2 * maxStreams) + 2 * spareRequests;

/** Files that nginx wants to have open; whoever starts it must let it. */
export const nginxOpenFiles = (policy: StreamPolicy): number => 2 * connectionsFor(policy);

function mainLevel(policy: StreamPolicy): readonly Line[] {
  const connections = connectionsFor(policy);
  return [
    { directive: 'worker_processes auto' },
    {
      why: 'files: two sockets per stream, and room for logs and reloads',
      directive: `worker_rlimit_nofile ${nginxOpenFiles(policy)}`,
      from: ['maxStreams'],
    },
    {
      why: 'after a reload an old worker carries its streams on until they have ended by their age; without a limit it stays for the last of them for ever, and a short limit cuts them all in one moment',
      directive: `worker_shutdown_timeout ${durationCapSeconds(policy)}s`,
      from: ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
    },
    {
      directive: 'events',
      block: [
        {
          why: 'each stream takes two, to the client and to the service; a quarter to spare',
          directive: `worker_connections ${connections}`,
          from: ['maxStreams'],
        },
      ],
    },
    {
      directive: 'http',
      block: [
        { directive: 'include sse-kit.http.conf' },
        {
          directive: 'server',
          block: [
            { directive: 'listen 80' },
            { directive: 'server_name sse.example.com' },
            {
              why: 'Over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: serve streams over TLS with HTTP/2. Before nginx 1.25.1:\nlisten 443 ssl http2;\nand from 1.25.1 on:\nlisten 443 ssl;\nhttp2 on;\nand with both:\nssl_certificate     /etc/nginx/sse.example.com.pem;\nssl_certificate_key /etc/nginx/sse.example.com.key;\nHTTP/3 besides, from 1.25.0 on, where it is built in (nginx -V says http_v3_module) and UDP gets through:\nlisten 443 quic reuseport;\nadd_header Alt-Svc \'h3=":443"; ma=86400\' always;',
            },
            {
              why: "streams of one browser, all its tabs together, with room for the page's own requests",
              directive: `http2_max_concurrent_streams ${Math.max(usualHttp2Streams, policy.maxStreamsPerUser + 10)}`,
              from: ['maxStreamsPerUser'],
            },
            {
              why: 'the log of everything else keeps tokens out too',
              directive: 'access_log /var/log/nginx/sse-kit.log sse_kit',
            },
            { directive: 'include sse-kit.location.conf', why: 'GET /events and its fallbacks' },
            {
              why: 'the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas themselves',
              directive: 'location = /metrics',
              block: [{ directive: 'return 404' }],
            },
            {
              why: 'publishing, the page, health: ordinary requests',
              directive: 'location /',
              block: [
                { directive: 'proxy_pass http://sse_kit' },
                { directive: 'proxy_http_version 1.1' },
                { directive: 'proxy_set_header Connection ""' },
                ...clientHeaders,
                { directive: 'proxy_connect_timeout 2s' },
                unavailable,
              ],
            },
          ],
        },
      ],
    },
  ];
}
