import fc from 'fast-check';
import { parse } from 'yaml';
import { defaults, type StreamPolicy } from '../../../lib/policy/index.ts';
import { envoy } from '../../../lib/targets/index.ts';
import { everywhere, policiesWithin } from '../../policy/arbitraries.ts';
import { faultsIn } from './protos.ts';

const textOf = (policy: StreamPolicy): string => envoy.files(policy)['envoy.yaml'] ?? '';

const text = textOf(defaults);

test('our own bootstrap is one by the protos of Envoy', () => {
  expect(faultsIn(parse(text))).toEqual([]);
});

test('so it is for any policy', () => {
  fc.assert(
    fc.property(policiesWithin(everywhere), (policy) => {
      expect(faultsIn(parse(textOf(policy)))).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

test('names in camel case are the same fields', () => {
  expect(faultsIn(parse(text.replaceAll(' idle_timeout', ' idleTimeout').replace('lb_policy', 'lbPolicy')))).toEqual(
    [],
  );
});

/** Envoy leaves a header out whose format comes to nothing, unless keep_empty_value is set. */
test('each soft answer, and no other, may be read by pages of any origin', () => {
  type Header = { header: { key: string; value: string } };
  type Mapper = { status_code?: number; headers_to_add: readonly Header[] };
  const manager = parse(text).static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  const mappers: readonly Mapper[] = manager.local_reply_config.mappers;
  const sorted = mappers.map(({ status_code = 0, headers_to_add }) => ({
    soft: status_code === 200,
    cors: headers_to_add.filter(({ header }) => /^(access-control-|vary$)/.test(header.key)),
  }));
  const [first] = sorted;

  expect(first?.cors.map(({ header, ...more }) => [header.key, header.value, more])).toEqual(
    [
      ['access-control-allow-origin', '%REQ(ORIGIN)%'],
      ['access-control-allow-credentials', 'true'],
      ['vary', 'Origin'],
    ].map((header) => [...header, { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }]),
  );
  for (const { soft, cors } of sorted) expect(cors).toEqual(soft ? first?.cors : []);
  expect(new Set(sorted.map(({ soft }) => soft))).toEqual(new Set([true, false]));
});

/** One word of our own bootstrap, what becomes of it, and what the protos say to that. */
const damages: readonly (readonly [words: string, instead: string, fault: RegExp])[] = [
  ['stream_idle_timeout', 'stream_idle_timeouts', /stream_idle_timeouts: no field of .*HttpConnectionManager/],
  ['static_resources', 'static_resource', /^\/static_resource: no field of envoy.config.bootstrap.v3.Bootstrap/],
  ['codec_type: AUTO', 'codec_type: ANY', /"ANY" is no CodecType/],
  ['lb_policy: LEAST_REQUEST', 'lb_policy: LEAST_CONN', /"LEAST_CONN" is no LbPolicy/],
  ['timeout: 0s', 'timeout: 0', /timeout: 0 is no duration/],
  ['request_headers_timeout: 10s', 'request_headers_timeout: -1s', /-1 must be gte 0/],
  ['connect_timeout: 2s', 'connect_timeout: 0s', /0 must be gt 0/],
  ['stat_prefix: sse_kit', 'stat_prefix: ""', /stat_prefix: "" is not allowed/],
  ['stat_prefix: sse_kit', 'server_name: sse_kit', /stat_prefix: is required/],
  ['status_code: 200', 'status_code: 700', /status_code: 700 must be lt 600/],
  ['use_remote_address: true', 'use_remote_address: "true"', /"true" is no bool/],
  ['choice_count: 4', 'choice_count: 1', /choice_count: 1 must be gte 2/],
  ['max_connections: 60200', 'max_connections: many', /"many" is no uint32/],
  ['op: GE', 'op: GT', /"GT" is no Op/],
  ['{ path: /metrics }', '{ path: /metrics, prefix: / }', /only one of path, prefix/],
  ['domains: ["*"]', 'domains: []', /domains: 0 items/],
  ['domains: ["*"]', 'domains: "*"', /domains: is no list/],
  ['name: sse_kit_plain', 'names: sse_kit_plain', /names: no field of envoy.config.listener.v3.Listener/],
  ['ignore_case: true', 'ignorecase: true', /no field of envoy.type.matcher.v3.StringMatcher/],
  [
    'text_format_source: { inline_string: "retry: 1500\\nid: %REQ(LAST-EVENT-ID)%\\n\\n" }',
    'text_format: "retry: 1500"',
    /text_format: is deprecated/,
  ],
  ['google_re2: {}, ', '', /one of google_re2 is required/],
  ['router.v3.Router', 'router.v3.Ruter', /no type envoy.extensions.filters.http.router.v3.Ruter/],
  ['"@type": type.googleapis.com/envoy.type.matcher', 'type: type.googleapis.com/envoy.type.matcher', /no "@type"/],
  [
    'cookie: { name: "SSEKIT", path: /, ttl',
    'cookie: { name: "SSEKIT", path: /, max_age',
    /no field of envoy.type.http.v3.Cookie/,
  ],
  ['max_active_downstream_connections: 50200', 'max_active_downstream_connections: 0', /0 must be gt 0/],
];

test.each(damages)('fails when "%s" becomes "%s"', (words, instead, fault) => {
  expect(text).toContain(words);
  const faults = faultsIn(parse(text.replace(words, () => instead)));

  expect(faults.join('\n')).toMatch(fault);
});
