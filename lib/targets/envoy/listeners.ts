import { type StreamPolicy, softFailHeader } from '../../policy/index.ts';
import type { YamlItem, YamlLine } from '../yaml.ts';
import { localReplies } from './replies.ts';
import { routes } from './routes.ts';
import { extension } from './typed.ts';

/** HTTP/2 streams per connection that Envoy's makers advise at an edge (docs: configuration/best_practices/edge). */
const usualHttp2Streams = 100;

/** What may wait in Envoy for one connection (docs: configuration/best_practices/edge). */
export const buffers: YamlLine = {
  why: 'what may wait for a client that reads slowly; beyond it Envoy stops reading, and the service counts. The default of 1 MiB, in each direction, is gigabytes under many streams. Larger events pass in pieces.',
  directive: 'per_connection_buffer_limit_bytes: 32768',
};

/** The site twice: plain, and the same over TLS. */
export const listeners = (policy: StreamPolicy): readonly YamlItem[] => [
  {
    lines: [
      { directive: 'name: sse_kit_plain' },
      { directive: 'address: { socket_address: { address: 0.0.0.0, port_value: 80 } }' },
      buffers,
      {
        directive: 'filter_chains:',
        items: [{ lines: [{ directive: 'filters:', items: [{ anchor: 'sse_kit_site', lines: siteFilter(policy) }] }] }],
      },
    ],
  },
  {
    lines: [
      { directive: 'name: sse_kit_tls' },
      { directive: 'address: { socket_address: { address: 0.0.0.0, port_value: 443 } }' },
      { directive: buffers.directive ?? '' },
      {
        directive: 'filter_chains:',
        items: [
          {
            lines: [{ directive: 'filters: [*sse_kit_site]' }, { directive: 'transport_socket:', block: tls }],
          },
        ],
      },
    ],
  },
];

const tls: readonly YamlLine[] = extension(
  'envoy.transport_sockets.tls',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  {
    directive: 'common_tls_context:',
    block: [
      {
        why: 'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: HTTP/2 carries them all on one',
        directive: 'alpn_protocols: [h2, http/1.1]',
      },
      {
        directive: 'tls_certificates:',
        items: [
          {
            lines: [
              { directive: 'certificate_chain: { filename: /etc/envoy/sse.example.com.crt }' },
              { directive: 'private_key: { filename: /etc/envoy/sse.example.com.key }' },
            ],
          },
        ],
      },
    ],
  },
);

const siteFilter = (policy: StreamPolicy): readonly YamlLine[] =>
  extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    { directive: 'stat_prefix: sse_kit' },
    { directive: 'codec_type: AUTO' },
    {
      why: "who asks is the other end of the connection, and X-Forwarded-For is Envoy's to write; behind a load balancer: xff_num_trusted_hops: 1",
      directive: 'use_remote_address: true',
    },
    { directive: 'normalize_path: true' },
    { why: 'time to receive the headers of a request', directive: 'request_headers_timeout: 10s' },
    {
      why: 'silence for longer cuts whatever has no idle_timeout of its own below',
      from: ['idleSeconds'],
      directive: `stream_idle_timeout: ${policy.idleSeconds}s`,
    },
    {
      why: 'a client that is told to leave (GOAWAY) may still have requests on their way for as long as this',
      from: ['propagationSeconds'],
      directive: `drain_timeout: ${policy.propagationSeconds}s`,
    },
    {
      directive: 'common_http_protocol_options:',
      block: [
        {
          why: 'connections without a request; a proxy in front of this one has to be the first to let go, like this one before the service. max_stream_duration stays unset: it would end every stream at that age',
          from: ['keepAliveSeconds'],
          directive: `idle_timeout: ${policy.keepAliveSeconds}s`,
        },
      ],
    },
    {
      directive: 'http2_protocol_options:',
      block: [
        {
          why: "streams of one browser, all its tabs together, with room for the page's own requests",
          from: ['maxStreamsPerUser'],
          directive: `max_concurrent_streams: ${Math.max(usualHttp2Streams, policy.maxStreamsPerUser + 10)}`,
        },
        {
          why: 'a client that left without a word is noticed in 40 s, and not when heartbeats have filled its window',
          directive: 'connection_keepalive: { interval: 30s, timeout: 10s }',
        },
        {
          why: 'what one client may make Envoy hold; the defaults are made for few and fast clients, 256 MiB until lately',
          directive: 'initial_stream_window_size: 65536',
        },
        { directive: 'initial_connection_window_size: 1048576' },
      ],
    },
    accessLog,
    localReplies(policy),
    { directive: 'http_filters:', items: filters(policy) },
    {
      directive: 'route_config:',
      block: [
        { directive: 'name: sse_kit' },
        {
          directive: 'virtual_hosts:',
          items: [
            {
              lines: [
                { directive: 'name: sse_kit' },
                { directive: 'domains: ["*"]' },
                { why: 'the first that fits is taken', directive: 'routes:', items: routes(policy) },
              ],
            },
          ],
        },
      ],
    },
  );

const logFormat = [
  '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% [%START_TIME%]',
  '"%REQ(:METHOD)% %REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
  '%RESPONSE_CODE% %BYTES_SENT% age=%DURATION% upstream=%UPSTREAM_HOST% flags=%RESPONSE_FLAGS%',
  `soft_fail=%RESP(${softFailHeader})%\n`,
].join(' ');

const accessLog: YamlLine = {
  why: 'the path without the query: EventSource cannot set headers, so tokens travel in the query. Written when the stream ends; age is in milliseconds.',
  directive: 'access_log:',
  items: [
    {
      lines: extension('envoy.access_loggers.stdout', 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
        directive: 'log_format:',
        block: [
          { directive: `text_format_source: { inline_string: ${JSON.stringify(logFormat)} }` },
          {
            directive: 'formatters:',
            items: [
              {
                lines: extension(
                  'envoy.formatter.req_without_query',
                  'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery',
                ),
              },
            ],
          },
        ],
      }),
    },
  ],
};

const filters = (policy: StreamPolicy): readonly YamlItem[] => [
  ...sticky(policy.stickiness),
  {
    why: "for answers of the service that a route makes Envoy's own, see there; no compressor stands here, and none takes text/event-stream unless told to",
    lines: extension(
      'envoy.filters.http.custom_response',
      'envoy.extensions.filters.http.custom_response.v3.CustomResponse',
    ),
  },
  { lines: extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router') },
];

function sticky(stickiness: StreamPolicy['stickiness']): readonly YamlItem[] {
  if (stickiness === 'none') return [];
  return [
    {
      why: 'any replica can resume any stream, so affinity is a convenience: for as long as a stream may live, a client comes back to its replica, whose memory answers its resume. Unlike a hash_policy it leaves the choice of the first replica to who holds the fewest streams. The cookie names the address of the replica.',
      from: ['stickiness'],
      lines: extension(
        'envoy.filters.http.stateful_session',
        'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
        {
          directive: 'session_state:',
          block: extension(
            'envoy.http.stateful_session.cookie',
            'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
            {
              directive: `cookie: { name: ${JSON.stringify(stickiness.cookie)}, path: /, ttl: ${stickiness.seconds}s }`,
            },
          ),
        },
      ),
    },
  ];
}
