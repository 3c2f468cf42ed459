import { parse } from 'yaml';
import { defaults } from '../../../lib/policy/index.ts';
import { traefik } from '../../../lib/targets/index.ts';
import { dynamic, faultsIn, fixed } from './schema.ts';

const files = traefik.files(defaults);
const route = files['sse-kit.yaml'] ?? '';
const entry = files['traefik.yaml'] ?? '';

test('our own files are what Traefik takes', () => {
  expect([...faultsIn(parse(route), dynamic), ...faultsIn(parse(entry), fixed)]).toEqual([]);
});

test.each([
  [
    'middlewares: [sse-kit-promise',
    'middleware: [sse-kit-promise',
    '/http/routers/sse-kit-streams/middleware: is no field',
  ],
  ['statusRewrites', 'statusRewrite', '/http/middlewares/sse-kit-soft-fail/errors/statusRewrite: is no field'],
  ['healthCheck: { path', 'healthCheck: { url', '/http/services/sse-kit/loadBalancer/healthCheck/url: is no field'],
  [
    'idleConnTimeout: 60s',
    'idleConnTimeout: 60',
    '/http/serversTransports/sse-kit/forwardingTimeouts/idleConnTimeout: 60 is no duration',
  ],
  ['maxAge: 3600', 'maxAge: 1h', '/http/services/sse-kit/loadBalancer/sticky/cookie/maxAge: "1h" is no number'],
  ['status: ["503"]', 'status: "503"', '/http/middlewares/sse-kit-next-replica/retry/status: is no list'],
  ['Path(`/metrics`)', 'Path(/metrics)', '/http/routers/sse-kit-metrics/rule: "Path(/metrics)" is no rule'],
  [
    'rejectStatusCode: 404',
    'rejectStatusCode: 999',
    '/http/middlewares/sse-kit-nobody/ipAllowList/rejectStatusCode: 999 is no status',
  ],
  [
    'accessControlAllowOriginListRegex: [".+"]',
    'accessControlAllowOriginListRegex: ".+"',
    '/http/middlewares/sse-kit-refusal/headers/accessControlAllowOriginListRegex: is no list',
  ],
])('fails when "%s" becomes "%s"', (words, instead, fault) => {
  expect(route).toContain(words);
  expect(faultsIn(parse(route.replace(words, () => instead)), dynamic)).toEqual([fault]);
});

test.each([
  ['graceTimeOut', 'gracetimeout', '/transport/lifeCycle/gracetimeout: is no field'],
  ['manualRouting: true', 'manualRouting: "yes"', '/ping/manualRouting: "yes" is no boolean'],
  ['accessLog:', 'accessLogs:', '/accessLogs: is no field'],
])('fails when "%s" becomes "%s" in the static part', (words, instead, fault) => {
  expect(entry).toContain(words);
  expect(faultsIn(parse(entry.replace(words, () => instead)), fixed).join('\n')).toContain(fault);
});

/** Traefik names an origin when a regex fits it, and takes a request without one for an empty origin. */
test('the soft answer may be read by pages of any origin, and names none to a request without', () => {
  const { headers } = parse(route).http.middlewares['sse-kit-refusal'];
  const allowed = (origin: string): boolean =>
    headers.accessControlAllowOriginListRegex.some((regex: string) => new RegExp(regex).test(origin));

  expect(headers).toMatchObject({ accessControlAllowCredentials: true, addVaryHeader: true });
  expect(['https://app.example.net', 'null', ''].map(allowed)).toEqual([true, true, false]);
});

/** Names that one part says and another has to know. */
test('routers, middlewares, services and entry points are all there', () => {
  const { http } = parse(route);
  const { entryPoints } = parse(entry);
  type Router = { entryPoints: string[]; middlewares?: string[]; service: string };
  const routers: readonly Router[] = Object.values(http.routers);
  const services = [...routers.map(({ service }) => service), http.middlewares['sse-kit-soft-fail'].errors.service];

  expect(new Set(routers.flatMap((one) => one.entryPoints))).toEqual(new Set(Object.keys(entryPoints)));
  expect(new Set(routers.flatMap(({ middlewares = [] }) => middlewares))).toEqual(
    new Set(Object.keys(http.middlewares)),
  );
  expect(new Set(services.filter((name) => !name.endsWith('@internal')))).toEqual(new Set(Object.keys(http.services)));
  expect(Object.keys(http.serversTransports)).toContain(http.services['sse-kit'].loadBalancer.serversTransport);
});
