import { type StreamPolicy, softFailHeader, streamHeaders } from '../../policy/index.ts';
import { mayBeReadByAnyPage } from '../proxies.ts';
import { retryValues } from '../retry-values.ts';
import type { YamlItem, YamlLine } from '../yaml.ts';
import { setHeader } from './typed.ts';

/** Moments to come back that a refused client may be given. */
const retryChoices = 8;

const unavailable = 'sse_kit_unavailable';
const eventStream = 'sse_kit_event_stream';
const marks = 'sse_kit_marks';

/** How Envoy words its own answers: local_reply_config, of whose mappers the first that fits is taken. */
export function localReplies(policy: StreamPolicy): YamlLine {
  const values = retryValues(policy, retryChoices);
  return {
    directive: 'local_reply_config:',
    block: [
      {
        directive: 'mappers:',
        items: [
          ...values.map((retryMs, index) => refusal(retryMs, index, values.length)),
          {
            why: 'ordinary clients are told the truth, and when to try again',
            from: ['retryMs'],
            lines: [
              { directive: `filter: *${unavailable}` },
              { directive: `headers_to_add: [${setHeader('retry-after', String(Math.ceil(policy.retryMs / 1000)))}]` },
            ],
          },
        ],
      },
    ],
  };
}

/** A 200 with one of the moments to come back. The first has the reasons, and what the others refer to. */
function refusal(retryMs: number, index: number, count: number): YamlItem {
  const conditions = index === 0 ? anchored : [{ value: `*${unavailable}` }, { value: `*${eventStream}` }];
  return {
    ...(index === 0 && {
      why: 'when no replica is left: a 200 with "retry:" for requests that ask for an event stream by name, because any other status ends an EventSource for good. When to come back, in milliseconds, is drawn per request, because EventSource has no jitter of its own: each entry takes its share of those that came so far, and the last one the rest',
      from: ['retryMs', 'retryJitter'] as const,
    }),
    lines: [
      {
        directive: 'filter:',
        block: [
          {
            directive: 'and_filter:',
            block: [{ directive: 'filters:', items: [...conditions, ...share(index, count)] }],
          },
        ],
      },
      { directive: 'status_code: 200' },
      index === 0 ? marked : { directive: `headers_to_add: *${marks}` },
      {
        ...(index === 0 && {
          why: 'a client that is turned away keeps its cursor: some clients forget it when a response begins without an id. Who sent none has none, and an empty id says just that.',
        }),
        directive: `body_format_override: { content_type: text/event-stream, omit_empty_values: true, text_format_source: { inline_string: "retry: ${retryMs}\\nid: %REQ(LAST-EVENT-ID)%\\n\\n" } }`,
      },
    ],
  };
}

const anchored: readonly YamlItem[] = [
  {
    anchor: unavailable,
    lines: [
      {
        directive: 'and_filter:',
        block: [
          {
            directive: 'filters:',
            items: [{ value: statusAt('GE', 502, 'from') }, { value: statusAt('LE', 504, 'to') }],
          },
        ],
      },
    ],
  },
  {
    anchor: eventStream,
    value:
      '{ header_filter: { header: { name: accept, string_match: { contains: text/event-stream, ignore_case: true } } } }',
  },
];

/** A header whose format comes to nothing is not added (source/common/router/header_parser.cc, v1.31: add_if_empty_). */
const marked: YamlLine = {
  why: 'marked, so that it can be counted and is not mistaken for health',
  directive: `headers_to_add: &${marks}`,
  items: [
    { value: setHeader(softFailHeader, 'upstream') },
    { value: setHeader('cache-control', streamHeaders['cache-control'] ?? '') },
    {
      why: `${mayBeReadByAnyPage} Without an Origin the first has no value, and is left out.`,
      value: setHeader('access-control-allow-origin', '%REQ(ORIGIN)%'),
    },
    { value: setHeader('access-control-allow-credentials', 'true') },
    { value: setHeader('vary', 'Origin') },
  ],
};

/** Envoy wants a runtime key for each number, by which an operator could change it. */
function statusAt(op: 'GE' | 'LE', status: number, end: string): string {
  return `status_code_filter: { comparison: { op: ${op}, value: { default_value: ${status}, runtime_key: sse_kit.refused_${end} } } }`;
}

function share(index: number, count: number): readonly YamlItem[] {
  if (index === count - 1) return [];
  const numerator = Math.round(1_000_000 / (count - index));
  return [
    {
      value: `runtime_filter: { runtime_key: sse_kit.retry_${index + 1}, percent_sampled: { numerator: ${numerator}, denominator: MILLION }, use_independent_randomness: true }`,
    },
  ];
}
