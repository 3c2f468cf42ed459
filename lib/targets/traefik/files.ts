import {
  poolIdleSeconds,
  proxySoftFailsHeader,
  type StreamPolicy,
  softFailHeader,
  streamHeaders,
} from '../../policy/index.ts';
import { comment, fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import type { Files } from '../target.ts';
import { printYaml, type YamlLine } from '../yaml.ts';
import {
  dialTimeout,
  idlePerHost,
  outageStatuses,
  retry,
  strategy,
  streamRule,
  whyDialTimeout,
  whyIdleConnTimeout,
  whyIdlePerHost,
  whyNoCompress,
  whyStrategy,
} from './values.ts';

/** HTTP/2 streams per connection that Traefik allows by default (pkg/config/static/entrypoints.go, v3). */
const usualHttp2Streams = 250;

/** Requests on an HTTP/3 connection: quic-go's default (interface.go: MaxIncomingStreams), which Traefik does not change. */
const http3Streams = 100;

/** Requests of a page besides its streams, on the same connection. */
const pageRequests = 10;

/** The replicas that the files name, and the port on which Traefik answers its own requests. */
const replicas = [8081, 8082];
const refusalPort = 8099;

/** Connections besides the streams: health checks, publishing, the page. */
const spare = 100;

/** The files of `proxies/traefik/`. Valid for Traefik 3.7 and every later version 3. */
export function traefikFiles(policy: StreamPolicy): Files {
  return {
    'sse-kit.yaml':
      fileHead('Streams: the dynamic part', [
        'Who answers, the route of the stream, and what a client gets while no replica answers.',
        'Put it where the file provider looks: providers.file.filename or .directory. It is taken over when',
        'it changes, and open streams stay. What it uses of the static part is in traefik.yaml beside it:',
        'the entry points, and ping.',
        'Change: the two addresses, and the certificate at the end.',
      ]) + printYaml(dynamic(policy)),
    'traefik.yaml':
      fileHead('Streams: a whole traefik.yaml', [
        'The static part of a complete site in front of two replicas: entry points, log, file provider.',
        'Start:  traefik --configFile=/etc/traefik/traefik.yaml',
        'Traefik reads it only when it starts.',
      ]) + printYaml(fixed(policy)),
    'sse-kit.service.conf':
      fileHead('Streams: what systemd has to grant', [
        'Copy it to /etc/systemd/system/traefik.service.d/sse-kit.conf, then: systemctl daemon-reload',
      ]) + unit(policy),
  };
}

const dynamic = (policy: StreamPolicy): readonly YamlLine[] => [
  {
    directive: 'http:',
    block: [
      { directive: 'routers:', block: routers },
      { why: 'what happens to a request on its way', directive: 'middlewares:', block: middlewares },
      { directive: 'services:', block: services(policy) },
      { directive: 'serversTransports:', block: [transport(policy)] },
    ],
  },
  {
    why: 'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: with TLS come HTTP/2 and HTTP/3, which carry them all on one',
    directive: 'tls:',
    block: [
      {
        directive: 'certificates:',
        items: [
          {
            lines: [
              { directive: 'certFile: /etc/traefik/sse.example.com.crt' },
              { directive: 'keyFile: /etc/traefik/sse.example.com.key' },
            ],
          },
        ],
      },
    ],
  },
];

const both = 'entryPoints: [web, websecure]';

/** Of routers that fit, the one with the longest rule is taken. */
const routers: readonly YamlLine[] = [
  {
    why: `streams for those that ask for them by name, as EventSource does: they are refused softly. Of routers that fit, the longest rule wins. ${whyNoCompress}`,
    directive: 'sse-kit-streams:',
    block: [
      { directive: `rule: "${streamRule}"` },
      { directive: both },
      { directive: 'middlewares: [sse-kit-promise, sse-kit-soft-fail, sse-kit-next-replica]' },
      { directive: 'service: sse-kit' },
    ],
  },
  {
    why: 'the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas themselves',
    directive: 'sse-kit-metrics:',
    block: [
      { directive: 'rule: "Path(`/metrics`)"' },
      { directive: both },
      { directive: 'middlewares: [sse-kit-nobody]' },
      { directive: 'service: sse-kit' },
    ],
  },
  {
    why: 'publishing, the page, long polls, WebSockets, and streams for clients that are no EventSource',
    directive: 'sse-kit:',
    block: [{ directive: 'rule: "PathPrefix(`/`)"' }, { directive: both }, { directive: 'service: sse-kit' }],
  },
  {
    why: "Traefik asks itself for the soft answer, on a port of this machine's own: a 200 with two letters in it that are no field of an event stream",
    directive: 'sse-kit-refusal:',
    block: [
      { directive: 'rule: "PathPrefix(`/`)"' },
      { directive: 'entryPoints: [sse-kit-refusal]' },
      { directive: 'middlewares: [sse-kit-refusal]' },
      { directive: 'service: ping@internal' },
    ],
  },
];

/**
 * The errors middleware hands the request's headers to the page's service, and the page's to the client (traefik/traefik:
 * pkg/middlewares/customerrors, v3). A request without Origin counts as an empty one (pkg/middlewares/headers/header.go).
 */
const middlewares: readonly YamlLine[] = [
  {
    why: 'the service answers 503 where it would refuse softly by itself',
    directive: 'sse-kit-promise:',
    block: [
      {
        directive: 'headers:',
        block: [{ directive: `customRequestHeaders: { ${titleCase(proxySoftFailsHeader)}: "1" }` }],
      },
    ],
  },
  {
    why: 'and another replica is asked in the same request. A cookie leads back to the one that said 503 until its health check has seen why, so the attempts take longer than that. Nothing is repeated once a response has begun. Statuses need Traefik 3.7.',
    directive: 'sse-kit-next-replica:',
    block: [
      {
        directive: 'retry:',
        block: [
          { directive: `attempts: ${retry.attempts}` },
          { directive: `initialInterval: ${retry.initialInterval}` },
          { directive: 'status: ["503"]' },
        ],
      },
    ],
  },
  {
    why: 'when no replica is left: a 200, because any other status ends an EventSource for good. It comes back after the "retry:" of its last stream, which the service drew for it alone. Rewriting needs Traefik 3.4.',
    directive: 'sse-kit-soft-fail:',
    block: [
      {
        directive: 'errors:',
        block: [
          { directive: `status: ["${outageStatuses}"]` },
          { directive: `statusRewrites: { "${outageStatuses}": 200 }` },
          { directive: 'service: sse-kit-refusal' },
          { directive: 'query: /' },
        ],
      },
    ],
  },
  {
    why: 'the soft answer as an event stream, marked, so that it can be counted and is not mistaken for health',
    directive: 'sse-kit-refusal:',
    block: [
      {
        directive: 'headers:',
        block: [
          {
            directive: 'customResponseHeaders:',
            block: [
              { directive: `Content-Type: ${streamHeaders['content-type']}` },
              { directive: `Cache-Control: "${streamHeaders['cache-control']}"` },
              { directive: `${titleCase(softFailHeader)}: upstream` },
            ],
          },
          { why: mayBeReadByAnyPage, directive: 'accessControlAllowOriginListRegex: [".+"]' },
          { directive: 'accessControlAllowCredentials: true' },
          { directive: 'addVaryHeader: true' },
        ],
      },
    ],
  },
  {
    directive: 'sse-kit-nobody:',
    block: [{ directive: 'ipAllowList: { sourceRange: ["127.0.0.1/32"], rejectStatusCode: 404 }' }],
  },
];

const services = (policy: StreamPolicy): readonly YamlLine[] => [
  {
    directive: 'sse-kit:',
    block: [
      {
        directive: 'loadBalancer:',
        block: [
          { why: whyStrategy, directive: `strategy: ${strategy}` },
          ...sticky(policy.stickiness),
          {
            why: 'a draining replica says here that it is not ready: it gets no new streams, and keeps those it has',
            directive: 'healthCheck: { path: /readyz, interval: 1s, timeout: 2s }',
          },
          { directive: 'serversTransport: sse-kit' },
          {
            why: 'the replicas',
            directive: 'servers:',
            items: replicas.map((port) => ({ value: `url: "http://127.0.0.1:${port}"` })),
          },
        ],
      },
    ],
  },
  {
    directive: 'sse-kit-refusal:',
    block: [
      {
        directive: 'loadBalancer:',
        block: [{ directive: 'servers:', items: [{ value: `url: "http://127.0.0.1:${refusalPort}"` }] }],
      },
    ],
  },
];

function sticky(stickiness: StreamPolicy['stickiness']): readonly YamlLine[] {
  const why = 'any replica can resume any stream, so affinity is a convenience';
  if (stickiness === 'none') return [{ why: `no session affinity: ${why}`, from: ['stickiness'] }];
  return [
    {
      why: `${why}: for as long as a stream may live, a client comes back to its replica, whose memory answers its resume`,
      from: ['stickiness'],
      directive: `sticky: { cookie: { name: ${JSON.stringify(stickiness.cookie)}, maxAge: ${stickiness.seconds}, httpOnly: true } }`,
    },
  ];
}

const transport = (policy: StreamPolicy): YamlLine => ({
  directive: 'sse-kit:',
  block: [
    {
      directive: 'forwardingTimeouts:',
      block: [
        { why: whyDialTimeout, directive: `dialTimeout: ${dialTimeout}` },
        {
          why: whyIdleConnTimeout,
          from: ['idleSeconds'],
          directive: `idleConnTimeout: ${poolIdleSeconds(policy)}s`,
        },
      ],
    },
    { why: whyIdlePerHost, directive: `maxIdleConnsPerHost: ${idlePerHost}` },
  ],
});

const fixed = (policy: StreamPolicy): readonly YamlLine[] => [
  {
    directive: 'entryPoints:',
    block: [
      {
        directive: 'web:',
        block: [
          { directive: 'address: ":80"' },
          {
            why: "streams of one browser, all its tabs together, with room for the page's own requests",
            from: ['maxStreamsPerUser'],
            directive: `http2: &sse-kit-http2 { maxConcurrentStreams: ${Math.max(usualHttp2Streams, policy.maxStreamsPerUser + pageRequests)} }`,
          },
          { directive: 'transport: &sse-kit-transport', block: timers(policy) },
        ],
      },
      {
        directive: 'websecure:',
        block: [
          { directive: 'address: ":443"' },
          { directive: 'transport: *sse-kit-transport' },
          {
            directive: 'http:',
            block: [{ why: 'what comes in here comes over TLS', directive: 'tls: {}' }],
          },
          { directive: 'http2: *sse-kit-http2' },
          http3(policy),
          {
            why: 'behind a load balancer: forwardedHeaders: { trustedIPs: ["10.0.0.0/8"] }; without it X-Forwarded-For is Traefik\'s to write',
          },
        ],
      },
      {
        why: 'where Traefik asks itself for the soft answer',
        directive: 'sse-kit-refusal:',
        block: [{ directive: `address: "127.0.0.1:${refusalPort}"` }],
      },
    ],
  },
  {
    why: 'the source of the soft answer; a Traefik that is stopping gives it too',
    directive: 'ping: { manualRouting: true, terminatingStatusCode: 200 }',
  },
  {
    why: 'the path has the query, and EventSource cannot set headers, so tokens travel in the query: the router says as much as is needed. From Traefik 3.7.3 on, queryParameters: { defaultMode: drop } instead of names keeps the path. Headers stay out by themselves. Written when the stream ends.',
    directive: 'accessLog:',
    block: [
      { directive: 'format: json' },
      {
        directive: 'fields:',
        block: [{ directive: 'names: { RequestPath: drop, RequestLine: drop }' }],
      },
    ],
  },
  {
    directive: 'providers:',
    block: [{ directive: 'file: { filename: /etc/traefik/sse-kit.yaml, watch: true }' }],
  },
];

/** How many requests an HTTP/3 connection carries cannot be set. */
function http3({ maxStreamsPerUser }: StreamPolicy): YamlLine {
  const fits = maxStreamsPerUser + pageRequests <= http3Streams;
  return fits
    ? { why: 'HTTP/3, on the same port over UDP', directive: 'http3: {}' }
    : {
        why: `no HTTP/3: its connections carry ${http3Streams} requests, and that cannot be set`,
        from: ['maxStreamsPerUser'],
      };
}

const timers = (policy: StreamPolicy): readonly YamlLine[] => [
  {
    directive: 'respondingTimeouts:',
    block: [
      {
        why: 'for a request to arrive, its body included; a stream has arrived before it begins',
        directive: 'readTimeout: 60s',
      },
      { why: 'none: it would end every stream at this age, whatever flows', directive: 'writeTimeout: 0s' },
      {
        why: 'connections without a request; a proxy in front of this one has to be the first to let go, like this one before the service',
        from: ['keepAliveSeconds'],
        directive: `idleTimeout: ${policy.keepAliveSeconds}s`,
      },
    ],
  },
  {
    directive: 'lifeCycle:',
    block: [
      {
        why: 'a stopping Traefik goes on taking requests until whoever sends them has heard of it',
        from: ['propagationSeconds'],
        directive: `requestAcceptGraceTimeout: ${policy.propagationSeconds}s`,
      },
      {
        why: "then its streams stay no longer than a replica's drain, and what is left is cut; they resume by their cursors",
        from: ['drainSeconds'],
        directive: `graceTimeOut: ${policy.drainSeconds}s`,
      },
    ],
  },
];

/** Two sockets per stream, for all replicas. */
const openFiles = ({ maxStreams }: StreamPolicy): number =>
  2 * replicas.length * (Math.ceil(1.25 * maxStreams) + spare);

const unit = (policy: StreamPolicy): string =>
  [
    '[Service]\n',
    comment('files: two sockets per stream, for both replicas', ['maxStreams']),
    `LimitNOFILE=${openFiles(policy)}\n\n`,
    comment('time to stop: as long as traefik.yaml takes for it, and a little more', [
      'propagationSeconds',
      'drainSeconds',
    ]),
    `TimeoutStopSec=${policy.propagationSeconds + policy.drainSeconds + 5}\n`,
  ].join('');
