import { durationCapSeconds, poolIdleSeconds, type StreamPolicy, softFailHeader } from '../../policy/index.ts';
import { fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import { retryValues } from '../retry-values.ts';
import type { Files } from '../target.ts';
import type { Line } from '../writing.ts';
import { print } from './syntax.ts';

/** Requests besides the streams: health checks, publishing, the page. */
const spareRequests = 200;

/** Threads of one process; a few dozen processes carry the default policy. */
const threadsPerChild = 400;

/** HTTP/2 streams per connection that Apache allows by default (mod_http2, H2MaxSessionStreams). */
const usualHttp2Streams = 100;

/** Steps of the jitter: Apache has no arithmetic, only a choice between values. */
const retrySteps = 10;

const folder = '/etc/apache2/sse-kit';

/** The files of `proxies/apache/`. Valid for Apache httpd 2.4.47 and every later 2.4. */
export function apacheFiles(policy: StreamPolicy): Files {
  return {
    'sse-kit.conf':
      fileHead('Streams: the part for the server level', [
        'Who answers, and a log format without tokens.',
        'Include it once, outside of every <VirtualHost>:',
        `    Include ${folder}/sse-kit.conf`,
        'Change: the two addresses.',
      ]) + print(serverLevel(policy)),
    'sse-kit.vhost.conf':
      fileHead('Streams: the part for a <VirtualHost>', [
        'The location of the stream, and what a client gets while no replica answers.',
        'Include it inside the <VirtualHost> that serves your site, before any ProxyPass of its own:',
        `    Include ${folder}/sse-kit.vhost.conf`,
        'Change: the path of the access log, and the location if your service has another.',
      ]) + print(hostLevel(policy)),
    'sse-kit.refusal.asis': refusal,
    'sse-kit.retry.txt': `${fileHead('Streams: when to come back, in milliseconds (retryMs, retryJitter)', [
      'One of them is drawn per request, because EventSource has no jitter of its own.',
    ])}ms ${retryValues(policy, retrySteps).join('|')}\n`,
    'httpd.conf':
      fileHead('Streams: a whole httpd.conf', [
        'A complete site in front of two replicas, with the files beside it included. Paths are those of Debian.',
        'Check:  apache2 -t -f $PWD/httpd.conf',
        'Change: ServerName and the certificate.',
      ]) + print(mainLevel(policy)),
  };
}

/** Sent as it is, head and body; what is between the marks is filled in by mod_include. */
const refusal = `Status: 200 OK
Content-Type: text/event-stream
Cache-Control: no-cache, no-transform
${titleCase(softFailHeader)}: upstream

retry: <!--#echo encoding="none" var="SSE_KIT_RETRY" -->
<!--#if expr="-n reqenv('SSE_KIT_CURSOR')" -->id: <!--#echo encoding="none" var="SSE_KIT_CURSOR" -->
<!--#endif -->
`;

function serverLevel(policy: StreamPolicy): readonly Line[] {
  const { stickiness } = policy;
  const replica = (port: number, route: number): Line => ({
    directive: `BalancerMember "http://127.0.0.1:${port}" route=${route} timeout=${policy.idleSeconds} connectiontimeout=2 retry=2 ttl=${poolIdleSeconds(policy)} hcmethod=GET hcuri=/readyz hcinterval=1 upgrade=websocket`,
  });
  return [
    {
      directive: '<Proxy "balancer://sse_kit">',
      block: [
        {
          why: 'the replicas. Silence for longer than timeout cuts a stream; heartbeats keep it away. One that fails is left alone for a moment, and no longer than that, because clients are waiting; a draining one says at /readyz that it is not ready. Idle connections are closed before the service does it (ttl), or a reconnect meets a closing socket.',
          from: ['idleSeconds'],
          ...replica(8081, 1),
        },
        replica(8082, 2),
        {
          why: 'an open stream is a busy worker: new streams go to the replica that holds the fewest',
          directive: 'ProxySet lbmethod=bybusyness',
        },
        stickiness === 'none'
          ? { why: 'no session affinity: any replica can resume any stream', from: ['stickiness'] }
          : {
              why: 'any replica can resume any stream, so affinity is a convenience',
              from: ['stickiness'],
              directive: `ProxySet stickysession=${stickiness.cookie}`,
            },
      ],
    },
    {
      why: 'the path without the query: EventSource cannot set headers, so tokens travel in the query. Written when the stream ends; age is in milliseconds.',
      directive: `LogFormat "%a [%{%FT%T%z}t] \\"%m %U\\" %>s %O age=%{ms}T soft_fail=%{${titleCase(softFailHeader)}}o" sse_kit`,
    },
  ];
}

function hostLevel(policy: StreamPolicy): readonly Line[] {
  return [
    { why: 'no tokens in the log', directive: 'CustomLog /var/log/apache2/sse-kit.log sse_kit' },
    {
      why: 'when to come back: drawn per request. The answer is for errors only, not for whoever asks for it by name.',
      directive: 'RewriteEngine On',
    },
    { directive: `RewriteMap sse_kit_retry "rnd:${folder}/sse-kit.retry.txt"` },
    { directive: 'RewriteCond "%{ENV:REDIRECT_STATUS}" "^$"' },
    { directive: 'RewriteRule "^/sse-kit-refusal$" "-" [R=404,L]' },
    { directive: 'RewriteRule "^/sse-kit-refusal$" "-" [E=SSE_KIT_RETRY:$' + '{sse_kit_retry:ms}]' },
    { directive: `Alias "/sse-kit-refusal" "${folder}/sse-kit.refusal.asis"` },
    {
      directive: '<Location "/sse-kit-refusal">',
      block: [
        { directive: 'ProxyPass "!"' },
        { directive: 'Require all granted' },
        { directive: 'Options +Includes' },
        { directive: 'SetHandler send-as-is' },
        { directive: 'SetOutputFilter INCLUDES' },
        {
          why: 'a client that is turned away keeps its cursor: some clients forget it when a response begins without an id',
          directive: 'SetEnvIf Last-Event-ID "^([A-Za-z0-9._-]+)$" SSE_KIT_CURSOR=$1',
        },
        {
          why: mayBeReadByAnyPage,
          directive: 'Header always set Access-Control-Allow-Origin "expr=%{req:Origin}" "expr=-n req(\'Origin\')"',
        },
        { directive: 'Header always set Access-Control-Allow-Credentials true "expr=-n req(\'Origin\')"' },
        { directive: 'Header always set Vary Origin' },
      ],
    },
    { why: 'the service compares it with the Origin of pages', directive: 'ProxyPreserveHost On' },
    {
      why: 'how the client asks; a proxy further out, where TLS may have ended, knows better',
      directive: 'RequestHeader setifempty X-Forwarded-Proto "expr=%{REQUEST_SCHEME}"',
    },
    {
      why: 'the stream and its fallbacks, passed on as they come: flushpackets is for other protocols than HTTP',
      directive: 'ProxyPass "/events" "balancer://sse_kit/events"',
    },
    { directive: 'ProxyPass "/diagnostics/stream" "balancer://sse_kit/diagnostics/stream"' },
    { directive: '<LocationMatch "^/(?:events|diagnostics/stream)$">', block: stream(policy) },
  ];
}

function stream(policy: StreamPolicy): readonly Line[] {
  const { stickiness } = policy;
  return [
    {
      why: 'a compressor waits for more bytes and keeps its state per stream',
      directive: 'SetEnv no-gzip 1',
    },
    { directive: 'SetEnv no-brotli 1' },
    {
      why: "one client's stream is never another's",
      directive: '<IfModule mod_cache.c>',
      block: [{ directive: 'CacheDisable on' }],
    },
    ...(stickiness === 'none'
      ? []
      : [
          {
            why: 'for no longer than a stream lives',
            from: ['stickiness'] as const,
            directive: `Header add Set-Cookie "${stickiness.cookie}=.%{BALANCER_WORKER_ROUTE}e; Max-Age=${stickiness.seconds}; Path=/; HttpOnly" env=BALANCER_ROUTE_CHANGED`,
          },
        ]),
    {
      why: 'when no replica is left: a 200 with "retry:", because any other status ends an EventSource for good. Does this request come from an EventSource? Only those are refused softly.',
      directive: '<If "%{HTTP_ACCEPT} =~ m#text/event-stream#">',
      block: ['502', '503', '504'].map((status) => ({ directive: `ErrorDocument ${status} /sse-kit-refusal` })),
    },
    {
      why: 'ordinary clients are told the truth, and when to try again',
      directive: '<Else>',
      block: [
        {
          directive: `Header always set Retry-After ${Math.ceil(policy.retryMs / 1000)} "expr=%{REQUEST_STATUS} -in {'502', '503', '504'}"`,
        },
      ],
    },
  ];
}

const modules = [
  ...['mpm_event', 'authz_core', 'alias', 'asis', 'env', 'setenvif', 'headers', 'include', 'rewrite', 'ssl', 'http2'],
  ...['socache_shmcb', 'slotmem_shm', 'proxy', 'proxy_http', 'proxy_balancer', 'proxy_hcheck'],
  ...['lbmethod_byrequests', 'lbmethod_bybusyness'],
];

function mainLevel(policy: StreamPolicy): readonly Line[] {
  const processes = Math.ceil((Math.ceil(1.2 * policy.maxStreams) + spareRequests) / threadsPerChild);
  const site: readonly Line[] = [
    { directive: 'ServerName sse.example.com' },
    { why: 'GET /events', directive: `Include ${folder}/sse-kit.vhost.conf` },
    {
      why: 'the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas themselves',
      directive: '<Location "/metrics">',
      block: [{ directive: 'Require all denied' }],
    },
    {
      why: 'publishing, the page, health: ordinary requests',
      directive: 'ProxyPass "/" "balancer://sse_kit/"',
    },
  ];
  return [
    { directive: 'ServerRoot "/etc/apache2"' },
    { directive: 'ServerName sse.example.com' },
    { directive: 'PidFile /run/apache2.pid' },
    { directive: 'ErrorLog /var/log/apache2/error.log' },
    { directive: 'User www-data' },
    { directive: 'Group www-data' },
    ...modules.map((name, index) => ({
      directive: `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
      ...(index === 0 && { why: 'what the lines below need' }),
    })),
    {
      why: 'each stream takes one thread, for as long as it lives: this is the limit of streams, a fifth to spare',
      from: ['maxStreams'],
      directive: `MaxRequestWorkers ${processes * threadsPerChild}`,
    },
    { directive: `ThreadsPerChild ${threadsPerChild}` },
    { directive: `ThreadLimit ${threadsPerChild}` },
    {
      why: 'twice the processes: after a reload the old ones carry their streams on beside the new ones',
      from: ['maxStreams'],
      directive: `ServerLimit ${2 * processes}`,
    },
    {
      why: 'threads that were needed once are kept: processes that are ended for being idle still have streams',
      directive: `MaxSpareThreads ${processes * threadsPerChild}`,
    },
    { directive: 'MaxConnectionsPerChild 0' },
    {
      why: 'a graceful stop waits until the streams have ended by their age; without a limit, for the last of them for ever',
      from: ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
      directive: `GracefulShutdownTimeout ${durationCapSeconds(policy)}`,
    },
    { directive: `Include ${folder}/sse-kit.conf` },
    {
      why: "streams of one browser, all its tabs together, with room for the page's own requests",
      from: ['maxStreamsPerUser'],
      directive: `H2MaxSessionStreams ${Math.max(usualHttp2Streams, policy.maxStreamsPerUser + 10)}`,
    },
    {
      why: 'each stream over HTTP/2 takes a thread of these besides',
      directive: `H2MaxWorkers ${threadsPerChild}`,
    },
    { directive: 'Listen 80' },
    { directive: 'Listen 443' },
    { directive: 'SSLSessionCache shmcb:/run/sse-kit.ssl(512000)' },
    { directive: '<VirtualHost *:80>', block: site },
    {
      why: 'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: serve streams over TLS with HTTP/2',
      directive: '<VirtualHost *:443>',
      block: [
        { directive: 'Protocols h2 http/1.1' },
        { directive: 'SSLEngine on' },
        { directive: 'SSLCertificateFile /etc/apache2/sse.example.com.pem' },
        { directive: 'SSLCertificateKeyFile /etc/apache2/sse.example.com.key' },
        ...site,
      ],
    },
  ];
}
