import { defaults, hopRules } from '../../../lib/policy/index.ts';
import { envoyFiles } from '../../../lib/targets/envoy/files.ts';
import { readEnvoy } from '../../../lib/targets/envoy/read.ts';
import type { Files } from '../../../lib/targets/target.ts';

const files = envoyFiles(defaults);

const filter = (type: string, config: string): string =>
  `http_filters:\n                  - { name: more, typed_config: { "@type": type.googleapis.com/${type}, ${config} } }`;

/** One line of our own files, what becomes of it, and the one rule that this breaks. */
const damages: readonly (readonly [rule: string, words: string, instead: string])[] = [
  ['idle-timer-outlasts-silence', ' idle_timeout: 60s\n\n ', ' idle_timeout: 59s\n\n '],
  [
    'idle-timer-outlasts-silence',
    'num_retries: 2',
    'num_retries: 2\n                              per_try_idle_timeout: 30s',
  ],
  ['no-cap-below-stream-age', ' timeout: 0s\n', '\n'],
  ['no-cap-below-stream-age', ' timeout: 0s\n', ' timeout: 3600s\n'],
  ['no-cap-below-stream-age', '  idle_timeout: 125s', '  max_stream_duration: 3600s'],
  ['no-cap-below-stream-age', '{ idle_timeout: 60s }', '{ idle_timeout: 60s, max_stream_duration: 900s }'],
  [
    'streams-are-not-buffered',
    'http_filters:',
    filter('envoy.extensions.filters.http.file_system_buffer.v3.FileSystemBufferFilterConfig', 'response: {}'),
  ],
  [
    'streams-are-not-compressed',
    'http_filters:',
    filter(
      'envoy.extensions.filters.http.compressor.v3.Compressor',
      'response_direction_config: { common_config: { content_type: [text/html, text/event-stream] } }',
    ),
  ],
  ['streams-are-not-cached', 'http_filters:', filter('envoy.extensions.filters.http.cache.v3.CacheConfig', 'x: 1')],
  ['pool-closes-before-service', '{ idle_timeout: 60s }', '{ idle_timeout: 121s }'],
  ['pool-closes-before-service', 'common_http_protocol_options: { idle_timeout: 60s }', ''],
  ['streams-fit-the-hop', 'max_requests: 60200', 'max_requests: 40000'],
  ['streams-fit-the-hop', 'max_requests: 60200, ', ''],
  ['streams-fit-the-hop', 'max_active_downstream_connections: 50200', 'max_active_downstream_connections: 20000'],
  ['connection-carries-a-users-streams', 'max_concurrent_streams: 100', 'max_concurrent_streams: 10'],
  ['affinity-ends-with-the-stream', 'ttl: 3600s', 'ttl: 86400s'],
  ['affinity-ends-with-the-stream', ', ttl: 3600s', ''],
  ['refusals-are-soft', 'local_reply_config:', 'local_reply_configuration:'],
  ['refusals-are-soft', 'op: LE, value: { default_value: 504', 'op: LE, value: { default_value: 503'],
  ['refusals-are-soft', 'status_code: 200', 'status_code: 503'],
  ['refusals-are-soft', 'content_type: text/event-stream', 'content_type: text/plain'],
  ['refusals-are-soft', 'contains: text/event-stream, ignore_case: true } } } }\n', 'exact: "*/*" } } } }\n'],
  ['refusals-are-soft', 'regex: "50[234]"', 'regex: "50[24]"'],
  ['tokens-stay-out-of-logs', 'REQ_WITHOUT_QUERY(', 'REQ('],
  ['tokens-stay-out-of-logs', 'log_format:', 'log_formats:'],
  ['reload-outlasts-drain', '--parent-shutdown-time-s 3990', '--parent-shutdown-time-s 29'],
];

const damaged = (words: string, instead: string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(words, () => instead)]));

function brokenRules(some: Files): readonly string[] {
  const hop = readEnvoy(some);
  return hopRules.filter((rule) => rule.judge(defaults, hop).verdict === 'broken').map(({ id }) => id);
}

test('our own files break no rule', () => {
  expect(brokenRules(files)).toEqual([]);
});

test('every rule that applies to Envoy can be broken by its files', () => {
  const hop = readEnvoy(files);
  const applicable = hopRules.filter((rule) => rule.judge(defaults, hop).verdict === 'holds');

  expect([...new Set(damages.map(([rule]) => rule))].sort()).toEqual(applicable.map(({ id }) => id).sort());
});

test.each(damages)('fails %s, and nothing else, when "%s" becomes "%s"', (rule, words, instead) => {
  expect(Object.values(files).join()).toContain(words);
  expect(brokenRules(damaged(words, instead))).toEqual([rule]);
});

test('a compressor with its usual types breaks nothing', () => {
  const compressor = filter('envoy.extensions.filters.http.compressor.v3.Compressor', 'response_direction_config: {}');

  expect(brokenRules(damaged('http_filters:', compressor))).toEqual([]);
});
