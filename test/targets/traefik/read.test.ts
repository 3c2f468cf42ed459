import type { Hop } from '../../../lib/policy/index.ts';
import { readTraefik } from '../../../lib/targets/traefik/read.ts';
import { matchesRule } from '../../../lib/targets/traefik/rules.ts';

const app = 'app: { loadBalancer: { servers: [{ url: "http://app" }] } }';

/** The hop of routers, and of more under `http`, in a dynamic file of their own. */
const served = (routers: string, more = ''): Hop =>
  readTraefik({ 'dynamic.yml': `http:\n  routers: { ${routers} }\n  services: { ${app} }\n  ${more}` });

test('a bare proxy counts with the defaults of Traefik', () => {
  expect(served('a: { rule: "Host(`a`)", service: app }')).toEqual({
    target: 'traefik',
    durationCaps: [{ value: Number.POSITIVE_INFINITY, setting: 'writeTimeout: 0 (default)' }],
    buffering: { value: false, setting: 'no buffering middleware' },
    compression: { value: false, setting: 'no compress middleware' },
    poolIdle: { value: 90, setting: 'idleConnTimeout: 90s (default)' },
    streamsPerConnection: { value: 250, setting: 'maxConcurrentStreams: 250 (default)' },
    stickiness: { value: 'none', setting: 'sticky none (default)' },
    refusals: { value: 'fatal', setting: 'no errors middleware that makes a 502 a 200' },
    logsQuery: { value: false, setting: 'accessLog none (default)' },
    reloadWindow: { value: 10, setting: 'graceTimeOut: 10 (default)' },
  });
});

test('a setting is reported as it is written, with file and line, whatever its case', () => {
  const hop = readTraefik({
    'etc/traefik.yml': 'entrypoints:\n  web:\n    transport:\n      lifecycle:\n        GraceTimeout: 1m30s',
    'dynamic.yml': 'http: { routers: { a: { rule: "PathPrefix(`/`)", service: a } } }',
  });

  expect(hop.reloadWindow).toEqual({ value: 90, setting: 'graceTimeOut: 1m30s', at: 'etc/traefik.yml:5' });
});

test('TOML is not read, and said to be', () => {
  expect(() => readTraefik({ 'traefik.toml': '' })).toThrow('traefik.toml: TOML is not read; give the same as YAML');
});

describe('a rule', () => {
  test.each<readonly [rule: string, takes: boolean | undefined]>([
    ['Path(`/events`)', true],
    ['Path(`/event`)', false],
    ['PathPrefix(`/ev`)', true],
    ['PathRegexp(`^/ev.+s$`)', true],
    ['PathRegexp(`^/api`)', false],
    ['Path(`/a`, `/events`)', true],
    ['Path(`/{x:[a-z]+}`)', undefined],
    ['Host(`a.example`)', undefined],
    ['Host(`a.example`) && PathPrefix(`/`)', true],
    ['Host(`a.example`) && Path(`/api`)', false],
    ['Host(`a.example`) || Path(`/events`)', true],
    ['Host(`a`) && (Path(`/api`) || Path(`/events`))', true],
    ['!Path(`/events`)', false],
    ['!(Path(`/api`) || Path(`/x`)) && Host(`a`)', true],
    ['Method(`POST`)', false],
    ['Method(`GET`) && Path(`/events`)', true],
    ['Header(`accept`, `text/event-stream`)', true],
    ['HeaderRegexp(`Accept`, `html`)', false],
    ['Header(`Upgrade`, `websocket`)', false],
    ['Header(`X-A`, `b`)', undefined],
    ['Query(`a`, `b`)', undefined],
    ['PathPrefix("/ev")', true],
  ])('%s takes an EventSource: %s', (rule, takes) => {
    expect(matchesRule(rule, '/events')).toBe(takes);
  });
});

describe('the router is chosen as Traefik chooses it', () => {
  const to = (seconds: number): string => `middlewares: [m${seconds}], service: app`;
  const marks = 'middlewares: { m7: { inFlightReq: { amount: 7 } }, m8: { inFlightReq: { amount: 8 } } }';
  const rest = `z: { rule: "PathPrefix(\`/\`)", ${to(8)} }`;

  test.each<readonly [what: string, routers: string, mark: number]>([
    ['the longest rule', `a: { rule: "Path(\`/events\`) || Path(\`/a\`)", ${to(7)} }, ${rest}`, 7],
    [
      'a priority',
      `a: { rule: "Path(\`/events\`) || Path(\`/a\`)", ${to(8)} }, b: { rule: "Path(\`/events\`)", priority: 99, ${to(7)} }`,
      7,
    ],
    [
      'what is certain before what is not',
      `a: { rule: "Host(\`a.very.long.name.example\`)", ${to(8)} }, b: { rule: "PathPrefix(\`/\`)", ${to(7)} }`,
      7,
    ],
    [
      'what cannot be known, alone',
      `a: { rule: "Host(\`a\`)", ${to(7)} }, b: { rule: "Host(\`b\`) && Path(\`/x\`)", ${to(8)} }`,
      7,
    ],
    [
      'no service of its own',
      `a: { rule: "PathPrefix(\`/\`) || Path(\`/x\`)", middlewares: [m8], service: "api@internal" }, b: { rule: "PathPrefix(\`/\`)", ${to(7)} }`,
      7,
    ],
  ])('%s', (_, routers, mark) => {
    expect(served(routers, marks).streamLimit?.value).toBe(mark);
  });
});

test('chains and the middlewares of entry points count', () => {
  const dynamic = `http:
  routers: { a: { rule: "PathPrefix(\`/\`)", service: app, middlewares: [all] } }
  services: { ${app} }
  middlewares: { all: { chain: { middlewares: [b@file, all] } }, b: { buffering: {} }, zip: { compress: {} } }`;
  const hop = readTraefik({ 'd.yml': dynamic, 's.yml': 'entryPoints: { web: { http: { middlewares: [zip@file] } } }' });

  expect([hop.buffering?.value, hop.compression?.value]).toEqual([true, true]);
});

test('services of services lead to the first that has servers', () => {
  const hop = readTraefik({
    'd.yml': `http:
  routers: { a: { rule: "PathPrefix(\`/\`)", service: w } }
  services:
    w: { weighted: { services: [{ name: f, weight: 1 }] } }
    f: { failover: { service: app, fallback: x } }
    app: { loadBalancer: { sticky: { cookie: { name: A } }, serversTransport: t } }
  serversTransports: { t: { forwardingTimeouts: { idleConnTimeout: 500ms } } }`,
  });

  expect(hop.stickiness).toEqual({
    value: { cookie: 'A', seconds: Number.POSITIVE_INFINITY },
    setting: 'sticky cookie A maxAge: 0 (default)',
    at: 'd.yml:6',
  });
  expect(hop.poolIdle?.value).toBe(0.5);
});

test('the strictest of several entry points counts', () => {
  const hop = readTraefik({
    'd.yml': 'http: { routers: { a: { rule: "PathPrefix(`/`)", service: a, entryPoints: [x, y] } } }',
    's.yml': `entryPoints:
  x: { transport: { respondingTimeouts: { writeTimeout: 20 } } }
  y: { transport: { lifeCycle: { graceTimeOut: 5s } }, http2: { maxConcurrentStreams: 100 } }
  z: { transport: { lifeCycle: { graceTimeOut: 1s } } }`,
  });

  expect(hop.durationCaps?.map(({ value }) => value)).toEqual([20, Number.POSITIVE_INFINITY]);
  expect([hop.reloadWindow?.value, hop.streamsPerConnection?.value]).toEqual([5, 100]);
});

describe('the access log', () => {
  test.each<readonly [log: string, logs: boolean]>([
    ['{}', true],
    ['{ format: genericCLF }', true],
    ['{ format: json }', true],
    ['{ format: json, fields: { names: { RequestPath: drop } } }', true],
    ['{ format: json, fields: { names: { RequestPath: redact, RequestLine: drop } } }', false],
    ['{ format: json, fields: { defaultMode: drop } }', false],
    ['{ format: json, fields: { defaultMode: drop, names: { RequestPath: keep } } }', true],
    ['{ format: json, fields: { queryParameters: { defaultMode: drop } } }', false],
    ['{ format: json, fields: { queryParameters: { defaultMode: drop }, headers: { defaultMode: keep } } }', true],
  ])('%s has the query: %s', (log, logs) => {
    expect(readTraefik({ 's.yml': `accessLog: ${log}` }).logsQuery?.value).toBe(logs);
  });

  test('may be switched off for the router', () => {
    const router = 'a: { rule: "PathPrefix(`/`)", service: app, observability: { accessLogs: false } }';
    expect(served(router, '\naccessLog: {}').logsQuery?.value).toBe(false);
  });
});

describe('refusals', () => {
  const page = (errors: string): string => `middlewares: { e: { errors: { ${errors}, service: pages } } }`;
  const router = 'a: { rule: "PathPrefix(`/`)", service: app, middlewares: [e] }';

  test.each<readonly [errors: string, refusals: 'soft' | 'fatal']>([
    ['status: ["500-599"], statusRewrites: { "500-599": 200 }', 'soft'],
    ['status: ["502", "503,504"], statusRewrites: { "502": 200, "503-504": 200 }', 'soft'],
    ['status: ["502-504"]', 'fatal'],
    ['status: ["502-504"], statusRewrites: { "503": 200 }', 'fatal'],
    ['status: ["503"], statusRewrites: { "502-504": 200 }', 'fatal'],
    ['status: ["502-504"], statusRewrites: { "502-504": 204 }', 'fatal'],
  ])('with %s are %s', (errors, refusals) => {
    expect(served(router, page(errors)).refusals?.value).toBe(refusals);
  });
});
