import {
  cursorPattern,
  proxySoftFailsHeader,
  retryBoundsMs,
  type StreamPolicy,
  softFailHeader,
  streamHeaders,
} from '../../policy/index.ts';
import { fileHead, mayBeReadByAnyPage, titleCase } from '../proxies.ts';
import type { Files } from '../target.ts';
import type { Line } from '../writing.ts';
import { hitchFile, sysctlFile, varnishncsaUnit, varnishUnit } from './programs.ts';
import { print } from './syntax.ts';

const softFails = titleCase(proxySoftFailsHeader);

/** What a request carries from one sub to the next: whose turn it is. */
const replicaKey = 'X-SSE-Replica-Key';

/** Other replicas that are asked before a client is turned away. */
const retries = 2;

/** The files of `proxies/varnish/`. Valid for Varnish 7.1 and every later version. */
export function varnishFiles(policy: StreamPolicy): Files {
  return {
    'sse-kit.vcl':
      fileHead('Streams: the part to include', [
        'Who answers, how streams pass, and what a client gets while no replica answers.',
        'Include it in your VCL, after your own access rules and before your rules for caching:',
        '    include "/etc/varnish/sse-kit.vcl";',
        'What it says in vcl_recv and the other subs is put in front of what you say below it.',
        'Change: the addresses of the two backends, and the paths if your service has others.',
      ]) + print(snippet(policy)),
    'example.vcl':
      fileHead('Streams: a whole default.vcl', [
        'A complete site in front of two replicas, with the file beside it included.',
        'Check:  varnishd -C -f /etc/varnish/default.vcl',
        'Change: what of yours may be cached.',
      ]) + print(site),
    'sse-kit.varnish.conf': varnishUnit(policy),
    'sse-kit.sysctl.conf': sysctlFile(policy),
    'sse-kit.varnishncsa.conf': varnishncsaUnit(),
    'hitch.conf': hitchFile(),
  };
}

const ours = `req.url ~ "^/(?:events(?:/poll|/ws)?|diagnostics/stream)(?:\\?|$)"`;
const streamsOnly = `req.url ~ "^/(?:events|diagnostics/stream)(?:\\?|$)"`;

function snippet(policy: StreamPolicy): readonly Line[] {
  return [
    { directive: 'import std' },
    { directive: 'import directors' },
    {
      why: 'a draining replica is not ready: it gets no new streams, and keeps those it has',
      directive: 'probe sse_kit_ready',
      block: [
        { directive: '.url = "/readyz"' },
        { directive: '.interval = 1s' },
        { directive: '.timeout = 1s' },
        {
          why: 'given up after two failures, taken back after one success, and trusted at first: a reload waits for nothing',
          directive: '.window = 2',
        },
        { directive: '.threshold = 1' },
        { directive: '.initial = 1' },
      ],
    },
    { why: 'the replicas', directive: 'backend sse_kit_replica1', block: backend(policy, 8081) },
    { directive: 'backend sse_kit_replica2', block: backend(policy, 8082) },
    {
      directive: 'sub vcl_init',
      block: [
        {
          why: 'Varnish does not count streams: each new one is dealt to a replica by lot, and a stream that ends by its age is dealt again. This director deals the next replica when one fails.',
          directive: 'new sse_kit = directors.shard()',
        },
        { directive: 'sse_kit.add_backend(sse_kit_replica1)' },
        { directive: 'sse_kit.add_backend(sse_kit_replica2)' },
        { directive: 'sse_kit.reconfigure()' },
      ],
    },
    { directive: 'sub sse_kit_deal', block: deal(policy) },
    { directive: 'sub vcl_recv', block: receive },
    {
      why: 'an upgrade goes on to the service',
      directive: 'sub vcl_pipe',
      block: [
        {
          directive: 'if (req.http.Upgrade)',
          block: [
            { directive: 'set bereq.http.Upgrade = req.http.Upgrade' },
            { directive: 'set bereq.http.Connection = "Upgrade"' },
          ],
        },
      ],
    },
    {
      directive: 'sub vcl_backend_fetch',
      block: [
        {
          why: 'the replica that the lot says, and for each further attempt the one after it',
          directive: `if (bereq.http.${replicaKey})`,
          block: [
            {
              directive: `set bereq.backend = sse_kit.backend(by = KEY, key = sse_kit.key(bereq.http.${replicaKey}), alt = bereq.retries)`,
            },
          ],
        },
      ],
    },
    { directive: 'sub vcl_backend_response', block: answered },
    {
      directive: 'sub vcl_backend_error',
      block: [
        {
          directive: `if (bereq.http.${replicaKey})`,
          block: [
            {
              why: 'the client has heard nothing yet, so another replica is asked; but not to publish, which might then be done twice',
              directive: `if (bereq.method == "GET" && bereq.retries < ${retries})`,
              block: [{ directive: 'return (retry)' }],
            },
            { why: 'no replica is left: vcl_synth has the words', directive: 'return (abandon)' },
          ],
        },
      ],
    },
    ...bound(policy),
    {
      directive: 'sub vcl_synth',
      block: [
        { directive: `if (resp.status == 503 && req.http.${softFails})`, block: refusal(policy) },
        {
          why: 'ordinary clients are told the truth, and when to try again',
          from: ['retryMs'],
          directive: `if (resp.status == 503 && req.http.${replicaKey})`,
          block: [{ directive: `set resp.http.Retry-After = "${Math.ceil(policy.retryMs / 1000)}"` }],
        },
      ],
    },
  ];
}

const backend = (policy: StreamPolicy, port: number): readonly Line[] => [
  { directive: '.host = "127.0.0.1"' },
  { directive: `.port = "${port}"` },
  { why: 'a replica that is gone is given up before the client gives up', directive: '.connect_timeout = 2s' },
  {
    why: 'until the head of an answer: a long poll waits almost as long as a stream may be silent',
    from: ['idleSeconds'],
    directive: `.first_byte_timeout = ${policy.idleSeconds}s`,
  },
  {
    why: 'silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age.',
    from: ['idleSeconds'],
    directive: `.between_bytes_timeout = ${policy.idleSeconds}s`,
  },
  { directive: '.probe = sse_kit_ready' },
];

function deal({ stickiness }: StreamPolicy): readonly Line[] {
  return [
    { why: 'the lot', directive: `set req.http.${replicaKey} = std.integer(real = std.random(0, 1000000000))` },
    ...(stickiness === 'none'
      ? [{ why: 'no session affinity: any replica can resume any stream', from: ['stickiness'] as const }]
      : [
          {
            why: 'any replica can resume any stream, so affinity is a convenience: a client that has a lot keeps it',
            from: ['stickiness'] as const,
            directive: `if (req.http.Cookie ~ "(?:^|; *)${pattern(stickiness.cookie)}=[0-9]+")`,
            block: [
              {
                directive: `set req.http.${replicaKey} = regsub(req.http.Cookie, "^(?:.*; *)?${pattern(stickiness.cookie)}=([0-9]+).*$", "\\1")`,
              },
            ],
          },
        ]),
    { directive: `set req.backend_hint = sse_kit.backend(by = KEY, key = sse_kit.key(req.http.${replicaKey}))` },
    {
      why: 'how the client asks; a proxy further out, where TLS may have ended, knows better. What comes by the socket "tls" came over TLS.',
      directive: 'if (!req.http.X-Forwarded-Proto)',
      block: [
        { directive: 'set req.http.X-Forwarded-Proto = "http"' },
        {
          directive: 'if (local.socket == "tls")',
          block: [{ directive: 'set req.http.X-Forwarded-Proto = "https"' }],
        },
      ],
    },
  ];
}

/** Any text as a regular expression for itself. */
const pattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const receive: readonly Line[] = [
  { why: 'said by Varnish alone, whatever a client sends', directive: `unset req.http.${softFails}` },
  { directive: `unset req.http.${replicaKey}` },
  {
    why: 'the stream, its fallbacks, and a stream to try a path with',
    directive: `if (${ours})`,
    block: [
      { directive: 'call sse_kit_deal' },
      {
        directive: 'if (req.http.Upgrade ~ "(?i)websocket")',
        block: [{ directive: 'return (pipe)' }],
      },
      {
        why: 'a compressor waits for more bytes and keeps its state per stream; nobody is asked for one',
        directive: 'unset req.http.Accept-Encoding',
      },
      {
        why: 'does this request come from an EventSource? Only those are refused softly. The service answers them with 503 where it would refuse softly by itself, and another replica is asked at once.',
        directive: `if (${streamsOnly} && req.http.Accept ~ "(?i)text/event-stream")`,
        block: [{ directive: `set req.http.${softFails} = "1"` }],
      },
      {
        why: "one client's stream is never another's: without this line a second client joins the stream of the first, from its beginning",
        directive: 'return (pass)',
      },
    ],
  },
];

const answered: readonly Line[] = [
  {
    directive: `if (bereq.http.${softFails} && beresp.status >= 502 && beresp.status <= 504)`,
    block: [
      { directive: `if (bereq.retries < ${retries})`, block: [{ directive: 'return (retry)' }] },
      { directive: 'return (abandon)' },
    ],
  },
  {
    directive: 'if (beresp.http.Content-Type ~ "^text/event-stream")',
    block: [
      {
        why: 'sent on as it comes, uncompressed and as it is, whatever is said above for other texts',
        directive: 'set beresp.do_stream = true',
      },
      { directive: 'set beresp.do_gzip = false' },
      { directive: 'set beresp.do_esi = false' },
      {
        why: 'A client that takes nothing in is for the service to close, which counts what waits. From Varnish 7.3 on, this line keeps Varnish from reading ahead of the client without limit:\nset beresp.transit_buffer = 64KB;',
      },
      { directive: 'return (deliver)' },
    ],
  },
];

/** The cookie that binds, for those who have none. */
function bound({ stickiness }: StreamPolicy): readonly Line[] {
  if (stickiness === 'none') return [];
  return [
    {
      directive: 'sub vcl_deliver',
      block: [
        {
          why: 'for no longer than a stream lives',
          from: ['stickiness'],
          directive: `if (${streamsOnly} && req.http.Cookie !~ "(?:^|; *)${pattern(stickiness.cookie)}=" && !resp.http.Set-Cookie)`,
          block: [
            {
              directive: `set resp.http.Set-Cookie = "${stickiness.cookie}=" + req.http.${replicaKey} + "; Max-Age=${stickiness.seconds}; Path=/; HttpOnly"`,
            },
          ],
        },
      ],
    },
  ];
}

function refusal(policy: StreamPolicy): readonly Line[] {
  const { least, most } = retryBoundsMs(policy);
  return [
    {
      why: 'a 200 with "retry:", because any other status ends an EventSource for good',
      directive: 'set resp.status = 200',
    },
    { directive: 'set resp.http.Content-Type = "text/event-stream"' },
    { directive: `set resp.http.Cache-Control = "${streamHeaders['cache-control']}"` },
    {
      why: 'marked, so that it can be counted and is not mistaken for health',
      directive: `set resp.http.${titleCase(softFailHeader)} = "upstream"`,
    },
    {
      why: mayBeReadByAnyPage,
      directive: 'if (req.http.Origin)',
      block: [
        { directive: 'set resp.http.Access-Control-Allow-Origin = req.http.Origin' },
        { directive: 'set resp.http.Access-Control-Allow-Credentials = "true"' },
      ],
    },
    { directive: 'set resp.http.Vary = "Origin"' },
    {
      why: 'when to come back, in milliseconds: drawn per request, because EventSource has no jitter of its own',
      from: ['retryMs', 'retryJitter'],
      directive: `set resp.body = "retry: " + std.integer(real = std.random(${least}, ${most + 1})) + {"\n\n"}`,
    },
    {
      why: 'a client that is turned away keeps its cursor: some clients forget it when a response begins without an id',
      directive: `if (req.http.Last-Event-ID ~ "${cursorPattern}")`,
      block: [
        {
          directive: `set resp.body = "retry: " + std.integer(real = std.random(${least}, ${most + 1})) + {"\nid: "} + req.http.Last-Event-ID + {"\n\n"}`,
        },
      ],
    },
    { directive: 'return (deliver)' },
  ];
}

const site: readonly Line[] = [
  { directive: 'vcl 4.1' },
  { why: 'GET /events and its fallbacks', directive: 'include "/etc/varnish/sse-kit.vcl"' },
  {
    directive: 'sub vcl_recv',
    block: [
      {
        why: 'the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas themselves',
        directive: 'if (req.url ~ "^/metrics(?:\\?|$)")',
        block: [{ directive: 'return (synth(404))' }],
      },
      { why: 'publishing, the page, health: ordinary requests', directive: 'call sse_kit_deal' },
      {
        why: 'of which none is for another client; what may be cached goes above this line',
        directive: 'return (pass)',
      },
    ],
  },
];
