import {
  durationCapSeconds,
  poolIdleSeconds,
  proxySoftFailsHeader,
  type StreamPolicy,
  softFailHeader,
} from '../../policy/index.ts';
import { fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import { retryValues } from '../retry-values.ts';
import type { Files } from '../target.ts';
import type { Line } from '../writing.ts';
import { print } from './syntax.ts';

/** Requests besides the streams: health checks, publishing, the page. */
const spareRequests = 100;

/** The files of `proxies/caddy/`. Valid for Caddy 2.6 and every later version. */
export function caddyFiles(policy: StreamPolicy): Files {
  return {
    'sse-kit.caddy':
      fileHead('Streams: the part for every site', [
        'Who answers, the route of the stream, and what a client gets while no replica answers.',
        'Import it before your sites, and what it defines inside the one that serves your streams:',
        '    import sse-kit.caddy',
        '    sse.example.com {',
        '        import sse_kit',
        '    }',
        'Change: the two addresses.',
      ]) + print(snippets(policy)),
    'sse-kit.log.caddy':
      fileHead('Streams: the part for every log { }', [
        'A format without tokens. Caddy hides Cookie and Authorization by itself, but not the query.',
        'Import it inside each log { } of your Caddyfile, the global one too, which has the errors:',
        '    log {',
        '        import sse-kit.log.caddy',
        '    }',
      ]) + print(logFormat),
    Caddyfile:
      fileHead('Streams: a whole Caddyfile', [
        'A complete site in front of two replicas, with the two files beside it imported.',
        'Check:  caddy validate --config Caddyfile',
        'Change: the name of the site. Caddy gets its certificate by itself, and speaks HTTP/2 and HTTP/3.',
      ]) + print(wholeFile(policy)),
    'sse-kit.service.conf':
      fileHead('Streams: what systemd has to grant', [
        'Copy it to /etc/systemd/system/caddy.service.d/sse-kit.conf, then: systemctl daemon-reload',
      ]) + unit(policy),
  };
}

function snippets(policy: StreamPolicy): readonly Line[] {
  return [
    {
      why: 'the replicas, and who of them gets the next request',
      directive: '(sse_kit_replicas)',
      block: [
        { directive: 'to 127.0.0.1:8081 127.0.0.1:8082' },
        {
          why: 'an open stream is an open request: new streams go to the replica that holds the fewest',
          directive: 'lb_policy least_conn',
        },
        sticky(policy.stickiness),
        {
          why: 'a replica that is gone is left at once for the next one; where none is there, one may be back in a moment',
          directive: 'lb_try_duration 2s',
        },
        { directive: 'lb_try_interval 100ms' },
        {
          why: 'a draining replica says here that it is not ready, and gets no new streams',
          directive: 'health_uri /readyz',
        },
        { directive: 'health_interval 1s' },
        { directive: 'health_timeout 2s' },
      ],
    },
    {
      why: 'how streams are passed on',
      directive: '(sse_kit_upstream)',
      block: [
        {
          why: 'the service answers 503 where it would refuse softly by itself; such a replica is left alone for a moment, and no longer than that, because clients are waiting',
          directive: `header_up ${titleCase(proxySoftFailsHeader)} 1`,
        },
        { directive: 'unhealthy_status 503' },
        { directive: 'fail_duration 2s' },
        { directive: 'import sse_kit_replicas' },
        {
          directive: 'transport http',
          block: [
            {
              why: 'a replica that does not answer is given up before the client gives up',
              directive: 'dial_timeout 2s',
            },
            {
              why: 'silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age.',
              directive: `read_timeout ${policy.idleSeconds}s`,
              from: ['idleSeconds'],
            },
            {
              why: 'idle connections are closed before the service does it, or a reconnect meets a closing socket',
              directive: `keepalive ${poolIdleSeconds(policy)}s`,
              from: ['idleSeconds'],
            },
            {
              why: 'Caddy would ask the service for gzip where the client asks for nothing, and unpack it again',
              directive: 'compression off',
            },
          ],
        },
        { directive: '@sse_kit_turned_away status 503' },
      ],
    },
    { why: 'the route of the stream', directive: '(sse_kit)', block: site(policy) },
  ];
}

const logFormat: readonly Line[] = [
  {
    directive: 'format filter',
    block: [
      { directive: 'wrap json' },
      {
        directive: 'fields',
        block: [
          {
            why: 'the address without the query: EventSource cannot set headers, so tokens travel in the query',
            directive: 'request>uri regexp \\?.* ""',
          },
          { why: 'the page before may have a query too', directive: 'request>headers>Referer delete' },
        ],
      },
    ],
  },
];

function sticky(stickiness: StreamPolicy['stickiness']): Line {
  const why = 'any replica can resume any stream, so affinity is a convenience.';
  if (stickiness === 'none') return { why: `no session affinity: ${why}`, from: ['stickiness'] };
  return {
    why: `${why} From Caddy 2.9 on, these lines instead of the one above add it (stickiness):\nlb_policy cookie ${stickiness.cookie} {\n\tfallback least_conn\n\tmax_age ${stickiness.seconds}s\n}`,
  };
}

function site(policy: StreamPolicy): readonly Line[] {
  return [
    { directive: '@sse_kit_stream path /events /diagnostics/stream' },
    {
      why: "a compressor waits for more bytes and keeps its state per stream: without this header no encode of the site's own touches the stream",
      directive: 'request_header @sse_kit_stream -Accept-Encoding',
    },
    {
      why: 'event streams are flushed with every write; flush_interval -1 would add nothing and, before Caddy 2.9, keep the stream to the service open when the client has left',
      directive: 'handle @sse_kit_stream',
      block: [
        {
          directive: 'reverse_proxy',
          block: [
            { directive: 'import sse_kit_upstream' },
            {
              why: 'turned away by a draining or full replica: the next one is asked in the same request',
              directive: 'handle_response @sse_kit_turned_away',
              block: [
                {
                  directive: 'reverse_proxy',
                  block: [
                    { directive: 'import sse_kit_upstream' },
                    {
                      directive: 'handle_response @sse_kit_turned_away',
                      block: [{ directive: 'error 503' }],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
    {
      why: 'when no replica is left. What is not a stream keeps its ordinary errors.',
      directive: 'handle_errors',
      block: [
        {
          directive: '@sse_kit_refused',
          block: [
            { directive: 'path /events /diagnostics/stream' },
            { directive: 'expression {http.error.status_code} in [502, 503, 504]' },
          ],
        },
        {
          why: 'does this request come from an EventSource? Only those are refused softly.',
          directive: '@sse_kit_event_stream header Accept *text/event-stream*',
        },
        { directive: 'handle @sse_kit_refused', block: refusal(policy) },
      ],
    },
  ];
}

function refusal(policy: StreamPolicy): readonly Line[] {
  return [
    {
      why: 'a 200 with "retry:", because any other status ends an EventSource for good',
      directive: 'handle @sse_kit_event_stream',
      block: [
        {
          why: 'when to come back, in milliseconds: drawn per request, because EventSource has no jitter of its own',
          from: ['retryMs', 'retryJitter'],
          directive: 'map {http.request.uuid} {sse_kit_retry}',
          block: retryChoices(policy).map((choice) => ({ directive: choice })),
        },
        {
          why: 'a client that is turned away keeps its cursor: some clients forget it when a response begins without an id',
          directive: 'map {http.request.header.Last-Event-ID} {sse_kit_resume}',
          block: [{ directive: '~^([A-Za-z0-9._-]+)$ "id: $' + '{1}\n"' }, { directive: 'default ""' }],
        },
        { directive: 'header Content-Type text/event-stream' },
        { directive: 'header Cache-Control "no-cache, no-transform"' },
        {
          why: 'marks a soft answer, so that it can be counted and is not mistaken for health',
          directive: `header ${titleCase(softFailHeader)} upstream`,
        },
        {
          why: mayBeReadByAnyPage,
          directive: '@sse_kit_other_origin header Origin *',
        },
        { directive: 'header @sse_kit_other_origin Access-Control-Allow-Origin {http.request.header.Origin}' },
        { directive: 'header @sse_kit_other_origin Access-Control-Allow-Credentials true' },
        { directive: 'header Vary Origin' },
        { directive: 'respond "retry: {sse_kit_retry}\n{sse_kit_resume}\n" 200' },
      ],
    },
    {
      why: 'ordinary clients are told the truth, and when to try again',
      directive: 'handle',
      block: [{ directive: `header Retry-After ${Math.ceil(policy.retryMs / 1000)}` }, { directive: 'respond 503' }],
    },
  ];
}

/** By the first digit of a random number in hexadecimal: Caddy has no arithmetic, only a choice between values. */
function retryChoices(policy: StreamPolicy): readonly string[] {
  const digits = ['[01]', '[23]', '[45]', '[67]', '[89]', '[ab]', '[cd]'];
  const values = retryValues(policy, digits.length + 1);
  return values.map((value, step) => (step < digits.length ? `~^${digits[step]} ${value}` : `default ${value}`));
}

function wholeFile(policy: StreamPolicy): readonly Line[] {
  return [
    {
      directive: '',
      block: [
        {
          why: 'after a reload the old configuration carries its streams on until they have ended by their age; without a limit it stays for the last of them for ever',
          directive: `grace_period ${durationCapSeconds(policy)}s`,
          from: ['maxStreamAgeSeconds', 'maxStreamAgeJitter'],
        },
        {
          directive: 'servers',
          block: [
            {
              directive: 'timeouts',
              block: [
                { why: 'time to receive the headers of a request', directive: 'read_header 20s' },
                {
                  why: 'none: it would end every stream at this age, whatever flows',
                  directive: 'write 0s',
                },
              ],
            },
          ],
        },
        {
          why: 'the log of errors keeps tokens out too',
          directive: 'log',
          block: [{ directive: 'import sse-kit.log.caddy' }],
        },
      ],
    },
    { directive: 'import sse-kit.caddy' },
    {
      directive: 'sse.example.com',
      block: [
        { why: 'GET /events', directive: 'import sse_kit' },
        {
          directive: 'log',
          block: [{ directive: 'output file /var/log/caddy/sse-kit.log' }, { directive: 'import sse-kit.log.caddy' }],
        },
        {
          why: 'the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas themselves',
          directive: 'respond /metrics 404',
        },
        {
          why: 'publishing, the page, health and fallbacks: ordinary requests, upgrades among them',
          directive: 'reverse_proxy',
          block: [
            {
              directive: 'transport http',
              block: [{ directive: 'dial_timeout 2s' }, { directive: `keepalive ${poolIdleSeconds(policy)}s` }],
            },
            { directive: 'import sse_kit_replicas' },
          ],
        },
      ],
    },
  ];
}

/** Files that Caddy wants to have open: two sockets per stream, a quarter to spare, and room for logs and reloads. */
const openFiles = ({ maxStreams }: StreamPolicy): number => 2 * (Math.ceil(1.25 * 2 * maxStreams) + 2 * spareRequests);

const unit = (policy: StreamPolicy): string => `[Service]
# files: two sockets per stream, and room for logs and reloads (maxStreams)
LimitNOFILE=${openFiles(policy)}

# a stop waits for the streams no longer than a replica's drain, and then cuts what is left; they
# resume by their cursors (drainSeconds)
TimeoutStopSec=${policy.drainSeconds}
`;
