import { defaults } from '../../../lib/policy/index.ts';
import { at, type Manifest, ofKind } from '../../../lib/targets/edge/manifest.ts';
import { edges } from '../../../lib/targets/index.ts';
import { retryValues } from '../../../lib/targets/retry-values.ts';

const edge = edges['envoy-gateway'];
const { manifests } = edge.render(defaults);

const route = (rule: object, name = 'theirs'): Manifest => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: { parentRefs: [{ name: 'gate' }], rules: [rule] },
});

const policy = (kind: string, target: readonly [kind: string, name: string], spec: object): Manifest => ({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind,
  metadata: { name: 'theirs' },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: target[0], name: target[1] }], ...spec },
});

const hopOf = (...given: readonly Manifest[]) => edge.read({ manifests: given });

const idle = (seconds: string) => ({ timeout: { http: { streamIdleTimeout: seconds } } });

test('a route without timeouts ends streams after 15 s, and lets 1024 through', () => {
  expect(hopOf(route({}))).toMatchObject({
    idleTimers: [{ value: 300 }],
    durationCaps: [{ value: 15, setting: 'timeouts.request: 15s (default)' }],
    poolIdle: { value: 3600 },
    streamLimit: { value: 1024 },
    streamsPerConnection: { value: 100 },
    stickiness: { value: 'none' },
    refusals: { value: 'fatal', setting: 'no responseOverride for 500' },
  });
});

test.each([
  ['0s', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ['10m', 600, 3600],
  ['2h', 7200, 7200],
  ['forever', 15, 300],
  ['1.5h', 15, 300],
])('a request timeout of %s is a cap of %d s, and an idle timer of %d s', (request, cap, timer) => {
  expect(hopOf(route({ timeouts: { request } }))).toMatchObject({
    durationCaps: [{ value: cap }],
    idleTimers: [{ value: timer }],
  });
});

test('a policy of the route wins over one of its Gateway, and that over what clients get', () => {
  const ofClients = policy('ClientTrafficPolicy', ['Gateway', 'gate'], idle('20s'));
  const ofGateway = policy('BackendTrafficPolicy', ['Gateway', 'gate'], idle('30s'));
  const ofRoute = policy('BackendTrafficPolicy', ['HTTPRoute', 'theirs'], idle('40s'));
  const ofAnother = policy('BackendTrafficPolicy', ['HTTPRoute', 'another'], idle('50s'));
  const timer = (...policies: readonly Manifest[]) => hopOf(route({}), ...policies).idleTimers?.[0]?.value;

  expect(timer(ofAnother, ofClients)).toBe(20);
  expect(timer(ofAnother, ofClients, ofGateway)).toBe(30);
  expect(timer(ofAnother, ofClients, ofGateway, ofRoute)).toBe(40);
});

test('limits on one attempt and on the stream count as caps too', () => {
  const limited = policy('BackendTrafficPolicy', ['HTTPRoute', 'theirs'], {
    timeout: { http: { maxStreamDuration: '5m' } },
  });

  expect(hopOf(route({ timeouts: { request: '0s', backendRequest: '60s' } }), limited).durationCaps).toMatchObject([
    { value: Number.POSITIVE_INFINITY },
    { value: 60, setting: 'timeouts.backendRequest: 60s' },
    { value: 300, setting: 'timeout.http.maxStreamDuration: 5m' },
  ]);
});

test('the most precise route takes the streams', () => {
  const precise = route(
    { matches: [{ path: { type: 'Exact', value: '/events' } }], timeouts: { request: '90s' } },
    'a',
  );
  const longer = route({ matches: [{ path: { value: '/eventsource' } }], timeouts: { request: '80s' } }, 'b');
  const posts = route({ matches: [{ path: { type: 'Exact', value: '/events' }, method: 'POST' }] }, 'c');
  const canary = route(
    { matches: [{ path: { type: 'Exact', value: '/events' }, headers: [{ name: 'x-canary', value: 'yes' }] }] },
    'd',
  );
  const pages = route({ matches: [{ headers: [{ name: 'accept', value: 'text/html' }] }] }, 'e');

  expect(hopOf(route({}), posts, longer, canary, pages, precise).durationCaps).toMatchObject([{ value: 90 }]);
  expect(hopOf(posts, canary).durationCaps).toMatchObject([{ setting: 'timeouts.request: 15s (default)' }]);
});

test('a cookie without an end binds for as long as the browser keeps it', () => {
  const sticky = policy('BackendTrafficPolicy', ['HTTPRoute', 'theirs'], {
    loadBalancer: { type: 'ConsistentHash', consistentHash: { type: 'Cookie', cookie: { name: 'THEIRS' } } },
  });

  expect(hopOf(route({}), sticky).stickiness).toEqual({
    value: { cookie: 'THEIRS', seconds: Number.POSITIVE_INFINITY },
    setting: 'consistentHash.cookie.ttl: (not set)',
  });
});

test('an override that leaves one status as it is, or words it otherwise, is not soft', () => {
  const override = (statusCodes: readonly object[], response: object) =>
    hopOf(
      route({}),
      policy('BackendTrafficPolicy', ['HTTPRoute', 'theirs'], {
        responseOverride: [{ match: { statusCodes }, response }],
      }),
    ).refusals;
  const soft = {
    statusCode: 200,
    contentType: 'text/event-stream',
    body: { type: 'Inline', inline: 'retry: 3000\n\n' },
  };
  const all = [{ type: 'Range', range: { start: 500, end: 599 } }];

  expect(override(all, soft)).toMatchObject({ value: 'soft' });
  expect(override([{ type: 'Value', value: 503 }], soft)).toMatchObject({
    value: 'fatal',
    setting: 'no responseOverride for 500',
  });
  expect(override(all, { ...soft, statusCode: 503 })).toMatchObject({ value: 'fatal' });
  expect(override(all, { ...soft, contentType: 'text/plain' })).toMatchObject({ value: 'fatal' });
});

test('the log is known where the Gateway is, and has the query in it unless it is told otherwise', () => {
  const gate: Manifest = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'gate' } };
  const logging = (accessLog: object): Manifest => ({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: 'gate' },
    spec: { telemetry: { accessLog } },
  });
  const settings = (text: string) => logging({ settings: [{ format: { type: 'Text', text }, sinks: [] }] });
  const logs = (...given: readonly Manifest[]) => hopOf(route({}), ...given).logsQuery?.value;

  expect(logs()).toBeUndefined();
  expect(logs(gate)).toBe(true);
  expect(logs(settings('%REQ(:PATH)%'))).toBe(true);
  expect(logs(settings('%REQ_WITHOUT_QUERY(:PATH)%'))).toBe(false);
  expect(logs(logging({ disable: true }))).toBe(false);
});

test('a request meets one of eight moments to come back, whatever its identifier', () => {
  const streams = manifests.find(({ metadata }) => metadata.name === 'sse-kit-streams');
  const rules = at(streams?.spec, 'rules') as readonly unknown[];
  const shares = rules.map((rule) => at(rule, 'matches', 0, 'headers', 1, 'value'));
  const takenBy = (id: string) =>
    shares.filter((share) => share !== undefined && new RegExp(`^(?:${share})$`).test(id));

  expect([...'0123456789abcd'].map((digit) => takenBy(`${digit}cafe`).length)).toEqual(Array(14).fill(1));
  // the last rule has one header less: it comes after the others, and leaves none out
  expect(['ecafe', 'fcafe', 'Zoe'].flatMap(takenBy)).toEqual([]);
  expect(shares.indexOf(undefined)).toBe(7);
  expect(rules.map((rule) => Number(at(rule, 'filters', 0, 'requestHeaderModifier', 'set', 1, 'value')))).toEqual(
    retryValues(defaults, 8),
  );
});

test('refusals are worded for streams only, and for pages of any origin', () => {
  const [ofStreams, ofOthers] = manifests.filter(({ kind }) => kind === 'BackendTrafficPolicy');

  expect(ofStreams).toHaveProperty('spec.responseOverride');
  expect(at(ofStreams?.spec, 'responseOverride', 0, 'response', 'header', 'set')).toEqual(
    expect.arrayContaining([
      { name: 'Access-Control-Allow-Origin', value: '%REQ(ORIGIN)%' },
      { name: 'Access-Control-Allow-Credentials', value: 'true' },
      { name: 'Vary', value: 'Origin' },
    ]),
  );
  expect(ofStreams).toHaveProperty('spec.targetRefs.0.name', 'sse-kit-streams');
  expect(ofOthers).not.toHaveProperty('spec.responseOverride');
  expect(ofKind(manifests, 'Gateway')).toHaveProperty('spec.infrastructure.parametersRef.name', 'sse-kit');
});
