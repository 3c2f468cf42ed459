import type { Hop } from '../../../lib/policy/index.ts';
import { readEnvoy } from '../../../lib/targets/envoy/read.ts';

const managerType =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** A bootstrap as people write it, with one host's routes and more keys of the manager, the host or the cluster. */
const bootstrap = ({
  routes = '[{ match: { prefix: / }, route: { cluster: app } }]',
  manager = '',
  host = '',
  cluster = '',
}) => `
static_resources:
  listeners:
    - address: { socket_address: { address: 0.0.0.0, port_value: 80 } }
      filter_chains:
        - filters:
            - name: hcm
              typed_config: {
                "@type": ${managerType},
                stat_prefix: a, ${manager}
                route_config: { virtual_hosts: [{ name: a, domains: ["*"], ${host} routes: ${routes} }] } }
  clusters:
    - { name: other }
    - { name: app, connect_timeout: 1s, ${cluster} }
`;

const served = (parts: Parameters<typeof bootstrap>[0]): Hop => readEnvoy({ 'envoy.yaml': bootstrap(parts) });

test('a bare proxy counts with the defaults of Envoy', () => {
  expect(served({})).toEqual({
    target: 'envoy',
    idleTimers: [{ value: 300, setting: 'stream_idle_timeout: 300s (default)' }],
    durationCaps: [{ value: 15, setting: 'route timeout: 15s (default)' }],
    buffering: { value: false, setting: 'a filter that holds responses: none' },
    compression: { value: false, setting: 'no compressor for text/event-stream' },
    caching: { value: false, setting: 'a cache: none' },
    poolIdle: { value: 3600, setting: 'idle_timeout: 3600s (default)' },
    streamLimit: { value: 1024, setting: 'max_connections: 1024 (default)' },
    streamsPerConnection: { value: 1024, setting: 'max_concurrent_streams: 1024 (default)' },
    stickiness: { value: 'none', setting: 'no session affinity' },
    refusals: { value: 'fatal', setting: 'no local_reply_config for 502' },
    logsQuery: { value: false, setting: 'access_log none' },
    reloadWindow: { value: 900, setting: '--parent-shutdown-time-s 900 (default)' },
  });
});

test('a setting is reported as it is written, with file and line', () => {
  const hop = readEnvoy({
    'etc/envoy.yaml': bootstrap({
      routes:
        '[{ match: { path: /events },\n                  route: { cluster: app,\n                    timeout: 1.5s } }]',
    }),
  });

  expect(hop.durationCaps).toEqual([{ value: 1.5, setting: 'route timeout: 1.5s', at: 'etc/envoy.yaml:13' }]);
});

test('JSON, and names in camel case', () => {
  const json = JSON.stringify({
    staticResources: {
      listeners: [
        {
          filterChains: [
            {
              filters: [
                {
                  typedConfig: {
                    '@type': managerType,
                    streamIdleTimeout: '0s',
                    routeConfig: { virtualHosts: [{ routes: [{ match: { prefix: '/' }, route: { cluster: 'a' } }] }] },
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [{ name: 'a', commonHttpProtocolOptions: { idleTimeout: '30s' } }],
    },
  });

  expect(readEnvoy({ 'envoy.json': json })).toMatchObject({
    idleTimers: [{ value: Number.POSITIVE_INFINITY, at: 'envoy.json:1' }],
    poolIdle: { value: 30 },
  });
});

describe('the route is chosen as Envoy chooses it', () => {
  const to = (seconds: number): string => `route: { cluster: app, timeout: ${seconds}s }`;
  const capOf = (routes: string): number | undefined => served({ routes }).durationCaps?.[0]?.value;
  const rest = `{ match: { prefix: / }, ${to(9)} }`;
  const accept = (how: string): string => `{ match: { prefix: /, headers: [{ name: Accept, ${how} }] }, ${to(7)} }`;

  test.each<readonly [what: string, routes: string, seconds: number]>([
    ['an exact path', `[{ match: { path: /events }, ${to(7)} }, ${rest}]`, 7],
    ['another path', `[{ match: { path: /event }, ${to(7)} }, ${rest}]`, 9],
    ['a prefix', `[{ match: { prefix: /ev }, ${to(7)} }, ${rest}]`, 7],
    ['the first, not the longest', `[${rest}, { match: { path: /events }, ${to(7)} }]`, 9],
    ['a prefix of whole segments', `[{ match: { path_separated_prefix: /event }, ${to(7)} }, ${rest}]`, 9],
    ['an expression, which fits wholly', `[{ match: { safe_regex: { regex: "/ev" } }, ${to(7)} }, ${rest}]`, 9],
    ['an expression', `[{ match: { safe_regex: { regex: "/ev.*" } }, ${to(7)} }, ${rest}]`, 7],
    ['capital letters', `[{ match: { path: /EVENTS, case_sensitive: false }, ${to(7)} }, ${rest}]`, 7],
    ['an Accept header', `[${accept('string_match: { contains: event-stream }')}, ${rest}]`, 7],
    ['another Accept header', `[${accept('string_match: { exact: text/html }')}, ${rest}]`, 9],
    ['a negation', `[${accept('string_match: { exact: text/html }, invert_match: true')}, ${rest}]`, 7],
    ['the old spelling', `[${accept('contains_match: event-stream')}, ${rest}]`, 7],
    ['a header that must be there', `[${accept('present_match: true')}, ${rest}]`, 7],
    [
      'an upgrade',
      `[{ match: { prefix: /, headers: [{ name: upgrade, present_match: true }] }, ${to(7)} }, ${rest}]`,
      9,
    ],
    [
      'another method',
      `[{ match: { prefix: /, headers: [{ name: ":method", exact_match: POST }] }, ${to(7)} }, ${rest}]`,
      9,
    ],
    ['what cannot be known, last', `[{ match: { prefix: /, headers: [{ name: x-a }] }, ${to(7)} }, ${rest}]`, 9],
    ['what cannot be known, alone', `[{ match: { prefix: /, headers: [{ name: x-a }] }, ${to(7)} }]`, 7],
    ['gRPC', `[{ match: { prefix: /, grpc: {} }, ${to(7)} }, ${rest}]`, 9],
  ])('%s', (_, routes, seconds) => {
    expect(capOf(routes)).toBe(seconds);
  });

  test('the host that sends the path on, of several', () => {
    const text = bootstrap({ routes: `[{ match: { prefix: / }, redirect: { https_redirect: true } }]` });
    const hop = readEnvoy({ 'a.yaml': text, 'b.yaml': bootstrap({ routes: `[{ match: { prefix: / }, ${to(7)} }]` }) });

    expect(hop.durationCaps?.[0]).toMatchObject({ value: 7, at: expect.stringContaining('b.yaml') });
  });

  test('routes from a resource file, by name', () => {
    const hop = readEnvoy({
      'envoy.yaml': `listeners:\n- { typed_config: { "@type": ${managerType}, stream_idle_timeout: 7s, rds: { route_config_name: b } } }`,
      'rds.yaml': `resources:
- { "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration, name: a, virtual_hosts: [] }
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: b
  virtual_hosts: [{ routes: [{ match: { prefix: / }, route: { cluster: c, timeout: 0s } }] }]`,
      'cds.yaml':
        'resources:\n- { "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: c, circuit_breakers: { thresholds: [{ max_connections: 7 }] } }',
    });

    expect(hop).toMatchObject({
      idleTimers: [{ value: 7 }],
      durationCaps: [{ value: Number.POSITIVE_INFINITY, at: 'rds.yaml:5' }],
      streamLimit: { value: 7, setting: 'max_connections: 7', at: 'cds.yaml:2' },
    });
  });
});

describe('the cluster', () => {
  const two = 'load_assignment: { endpoints: [{ lb_endpoints: [{}] }, { lb_endpoints: [{}] }] },';
  const most = (number: number): string =>
    `thresholds: [{ priority: HIGH }, { max_connections: ${number}, max_requests: ${number} }]`;
  const http = (options: string): string =>
    `typed_extension_protocol_options: { a: { "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, ${options} } }`;

  test('limits are shared by its replicas', () => {
    expect(served({ cluster: `${two} circuit_breakers: { ${most(5001)} }` }).streamLimit?.value).toBe(2500);
  });

  test('over HTTP/2 connections are no limit', () => {
    const thresholds = 'circuit_breakers: { thresholds: [{ max_connections: 5, max_requests: 5000 }] },';
    const cluster = `${thresholds} ${http('explicit_http_config: { http2_protocol_options: {} }')}`;

    expect(served({ cluster }).streamLimit).toMatchObject({ value: 5000, setting: 'max_requests: 5000' });
  });

  test('a connection per request is no pool', () => {
    expect(
      served({ cluster: http('common_http_protocol_options: { max_requests_per_connection: 1 }') }),
    ).not.toHaveProperty('poolIdle');
  });

  test('a cap of its own counts', () => {
    const cluster = http('common_http_protocol_options: { max_stream_duration: 90s }');
    expect(served({ cluster }).durationCaps).toContainEqual(expect.objectContaining({ value: 90 }));
  });

  test('without a cluster nothing is known of its limits', () => {
    expect(served({ routes: '[{ match: { prefix: / }, route: { cluster_header: x } }]' })).not.toHaveProperty(
      'streamLimit',
    );
  });
});

describe('stickiness', () => {
  const hashed = (cookie: string): string =>
    `[{ match: { prefix: / }, route: { cluster: app, hash_policy: [{ cookie: ${cookie} }] } }]`;
  const session =
    'http_filters: [{ name: s, typed_config: { "@type": t/x.StatefulSession, session_state: { typed_config: { "@type": t/x.CookieBasedSessionState, cookie: { name: A } } } } }],';

  test.each<readonly [parts: Parameters<typeof bootstrap>[0], expected: unknown]>([
    [
      { routes: hashed('{ name: A, ttl: 60s }'), cluster: 'lb_policy: RING_HASH' },
      { cookie: 'A', seconds: 60 },
    ],
    [
      { routes: hashed('{ name: A, ttl: 0s }'), cluster: 'lb_policy: MAGLEV' },
      { cookie: 'A', seconds: Number.POSITIVE_INFINITY },
    ],
    [{ routes: hashed('{ name: A }'), cluster: 'lb_policy: MAGLEV' }, 'none'],
    [{ routes: hashed('{ name: A, ttl: 60s }') }, 'none'],
    [{ manager: session }, { cookie: 'A', seconds: Number.POSITIVE_INFINITY }],
    [
      {
        manager: session,
        routes:
          '[{ match: { prefix: / }, route: { cluster: app }, typed_per_filter_config: { s: { disabled: true } } }]',
      },
      'none',
    ],
  ])('of %j', (parts, expected) => {
    expect(served(parts).stickiness?.value).toEqual(expected);
  });
});

describe('the access log', () => {
  const log = (format: string): string =>
    `access_log: [{ name: a, typed_config: { "@type": t/x.FileAccessLog, path: /dev/stdout, ${format} } }],`;

  test.each([
    ['', true],
    ['log_format: { text_format_source: { inline_string: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%" } }', true],
    ['log_format: { text_format_source: { inline_string: "%REQ(:PATH)%" } }', true],
    ['log_format: { text_format: "%REQ(REFERER)%" }', true],
    ['log_format: { text_format: "%PATH%" }', true],
    ['log_format: { text_format: "%PATH(WQ:PATH)%" }', true],
    ['log_format: { text_format: "%PATH(NQ:PATH)% %REQ(:METHOD)%" }', false],
    ['log_format: { text_format: "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH):9%" }', false],
    ['log_format: { json_format: { path: "%REQ(:PATH)%" } }', true],
    ['log_format: { json_format: { token: "%QUERY_PARAM(token)%" } }', true],
    ['log_format: { json_format: { status: "%RESPONSE_CODE%" } }', false],
    ['json_format: { path: "%REQ(:PATH)%" }', true],
  ])('with %j has the query: %s', (format, logs) => {
    expect(served({ manager: log(format) }).logsQuery?.value).toBe(logs);
  });

  test('over gRPC has all of the path', () => {
    const manager =
      'access_log: [{ name: als, typed_config: { "@type": t/x.HttpGrpcAccessLogConfig, common_config: {} } }],';
    expect(served({ manager }).logsQuery).toMatchObject({ value: true, setting: 'als with its usual fields' });
  });
});

describe('refusals', () => {
  const soft =
    'status_code: 200, body_format_override: { content_type: text/event-stream, text_format: "retry: 1\\n\\n" }';
  const from = (op: string, status: number): string =>
    `status_code_filter: { comparison: { op: ${op}, value: { default_value: ${status} } } }`;
  const replies = (...mappers: readonly string[]): string =>
    `local_reply_config: { mappers: [${mappers.map((one) => `{ ${one} }`).join(', ')}] },`;
  const accept = 'header_filter: { header: { name: accept, string_match: { contains: event-stream } } }';
  const chance = 'runtime_filter: { runtime_key: a, percent_sampled: { numerator: 50 } }';
  const promise = 'request_headers_to_add: [{ header: { key: X-SSE-Proxy-Soft-Fails, value: "1" } }],';

  test.each<readonly [what: string, mappers: string, host: string, refusals: 'soft' | 'fatal']>([
    ['all above 500', replies(`filter: { ${from('GE', 500)} }, ${soft}`), '', 'soft'],
    [
      'each by itself',
      replies(...[502, 503, 504].map((status) => `filter: { ${from('EQ', status)} }, ${soft}`)),
      '',
      'soft',
    ],
    ['not all of them', replies(`filter: { ${from('EQ', 503)} }, ${soft}`), '', 'fatal'],
    [
      'one or the other',
      replies(`filter: { or_filter: { filters: [{ ${from('EQ', 502)} }, { ${from('GE', 503)} }] } }, ${soft}`),
      '',
      'soft',
    ],
    [
      'for event streams',
      replies(`filter: { and_filter: { filters: [{ ${from('GE', 500)} }, { ${accept} }] } }, ${soft}`),
      '',
      'soft',
    ],
    ['by chance only', replies(`filter: { ${chance} }, ${soft}`), '', 'fatal'],
    [
      'by chance, and the rest',
      replies(`filter: { ${chance} }, ${soft}`, `filter: { ${from('GE', 500)} }, ${soft}`),
      '',
      'soft',
    ],
    [
      'by chance something else',
      replies(`filter: { ${chance} }, status_code: 500`, `filter: { ${from('GE', 500)} }, ${soft}`),
      '',
      'fatal',
    ],
    [
      'an earlier one',
      replies(`filter: { ${from('EQ', 503)} }, status_code: 500`, `filter: { ${from('GE', 500)} }, ${soft}`),
      '',
      'fatal',
    ],
    ['without retry', replies(`filter: { ${from('GE', 500)} }, ${soft.replace('retry', 'retro')}`), '', 'fatal'],
    // the service answers 503 then, and no mapper sees it
    ['a promise that nobody keeps', replies(`filter: { ${from('GE', 500)} }, ${soft}`), promise, 'fatal'],
  ])('%s', (_, manager, host, refusals) => {
    expect(served({ manager, host }).refusals?.value).toBe(refusals);
  });
});

test('the command line that starts Envoy has how long the old process stays', () => {
  const files = {
    'envoy.yaml': bootstrap({}),
    'envoy.service': '[Service]\nExecStart=envoy --parent-shutdown-time-s 60',
  };

  expect(readEnvoy(files).reloadWindow).toEqual({
    value: 60,
    setting: '--parent-shutdown-time-s 60',
    at: 'envoy.service:2',
  });
});
