import { proxySoftFailsHeader, type StreamPolicy } from '../../policy/index.ts';
import type { YamlItem, YamlLine } from '../yaml.ts';
import { extension, setHeader, typeLine } from './typed.ts';

const accept = '{ name: accept, string_match: { contains: text/event-stream, ignore_case: true } }';

/** Who gets what: of the routes the first that fits is taken. */
export const routes = (policy: StreamPolicy): readonly YamlItem[] => [
  {
    why: 'the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas themselves',
    lines: [{ directive: 'match: { path: /metrics }' }, { directive: 'direct_response: { status: 404 }' }],
  },
  {
    why: 'streams for those that ask for them by name, as EventSource does: they are refused softly',
    lines: [
      { directive: `match: { path: /events, headers: [${accept}] }` },
      {
        why: 'the service answers 503 where it would refuse softly by itself; another replica is asked in the same request, at once',
        directive: `request_headers_to_add: [${setHeader(proxySoftFailsHeader, '1')}]`,
      },
      { directive: 'route:', block: streamRoute(policy) },
      lastRefusal,
    ],
  },
  {
    why: 'streams for clients that are no EventSource, and long polls, which wait too',
    lines: [
      { directive: 'match: { safe_regex: { regex: "/events(/poll)?|/diagnostics/stream" } }' },
      { directive: `route: { cluster: sse_kit, timeout: 0s, idle_timeout: ${policy.idleSeconds}s }` },
    ],
  },
  {
    why: 'the fallback over WebSocket; its heartbeats keep the idle timer away too',
    lines: [
      { directive: 'match: { path: /events/ws }' },
      {
        directive: `route: { cluster: sse_kit, timeout: 0s, idle_timeout: ${policy.idleSeconds}s, upgrade_configs: [{ upgrade_type: websocket }] }`,
      },
    ],
  },
  {
    why: 'publishing, the page, health; a publish is sent again only if it cannot have arrived',
    lines: [
      { directive: 'match: { prefix: / }' },
      {
        directive:
          'route: { cluster: sse_kit, timeout: 30s, retry_policy: { retry_on: "connect-failure,refused-stream,reset-before-request", num_retries: 2 } }',
      },
    ],
  },
];

const streamRoute = (policy: StreamPolicy): readonly YamlLine[] => [
  { directive: 'cluster: sse_kit' },
  {
    why: 'none: it runs from the request to the last byte, whatever flows, and is 15 s unless said otherwise',
    directive: 'timeout: 0s',
  },
  {
    why: 'silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age.',
    from: ['idleSeconds'],
    directive: `idle_timeout: ${policy.idleSeconds}s`,
  },
  {
    why: 'before its first byte a stream may still go to another replica; Envoy before 1.31 does not know reset-before-request, and leaves it out',
    directive: 'retry_policy:',
    block: [
      { directive: 'retry_on: connect-failure,refused-stream,reset-before-request,retriable-status-codes' },
      { directive: 'retriable_status_codes: [503]' },
      { directive: 'num_retries: 2' },
      {
        directive: 'retry_host_predicate:',
        items: [
          {
            lines: extension(
              'envoy.retry_host_predicates.previous_hosts',
              'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
            ),
          },
        ],
      },
      { directive: 'host_selection_retry_max_attempts: 5' },
    ],
  },
];

const matcher: YamlItem = {
  lines: [
    {
      directive: 'predicate:',
      block: [
        {
          directive: 'single_predicate:',
          block: [
            {
              directive: 'input:',
              block: extension('status', 'envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput'),
            },
            { directive: 'value_match: { safe_regex: { google_re2: {}, regex: "50[234]" } }' },
          ],
        },
      ],
    },
    {
      directive: 'on_match:',
      block: [
        {
          directive: 'action:',
          block: extension(
            'soft_fail',
            'envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy',
          ),
        },
      ],
    },
  ],
};

/** The filter sends the status again as a local reply (source/extensions/http/custom_response/local_response_policy). */
const lastRefusal: YamlLine = {
  why: "the last replica's 503 is an answer of the service, which no mapper above sees: here it becomes one of Envoy's own, and they word it",
  directive: 'typed_per_filter_config:',
  block: [
    {
      directive: 'envoy.filters.http.custom_response:',
      block: [
        typeLine('envoy.extensions.filters.http.custom_response.v3.CustomResponse'),
        {
          directive: 'custom_response_matcher:',
          block: [{ directive: 'matcher_list:', block: [{ directive: 'matchers:', items: [matcher] }] }],
        },
      ],
    },
  ],
};
