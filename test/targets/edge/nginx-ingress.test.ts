import { defaults, definePolicy } from '../../../lib/policy/index.ts';
import { edges } from '../../../lib/targets/index.ts';
import { ingressOf } from './theirs.ts';

const edge = edges['nginx-ingress'];
const prefix = 'nginx.org/';

const annotationsOf = (policy = defaults) => edge.render(policy).manifests[0]?.metadata.annotations ?? {};

const hopOf = (annotations: Record<string, string>) => edge.read(ingressOf(prefix, annotations));

test('the Ingress is told this, in words of Go and times with units', () => {
  expect(annotationsOf()).toMatchInlineSnapshot(`
{
  "nginx.org/lb-method": "least_conn",
  "nginx.org/proxy-buffering": "false",
  "nginx.org/proxy-connect-timeout": "5s",
  "nginx.org/proxy-next-upstream": "error timeout",
  "nginx.org/proxy-read-timeout": "60s",
  "nginx.org/sticky-cookie-services": "serviceName=sse-kit SSEKIT expires=3600s path=/ httponly",
  "nginx.org/websocket-services": "sse-kit",
}
`);
});

test('the cookie belongs to the Service of the place', () => {
  const [manifest] = edge.manifestsFor(defaults, { name: 'live', host: 'live.test', port: 80 });

  expect(manifest?.metadata.annotations).toMatchObject({
    [`${prefix}sticky-cookie-services`]: 'serviceName=live SSEKIT expires=3600s path=/ httponly',
    [`${prefix}websocket-services`]: 'live',
  });
  expect(annotationsOf(definePolicy({ stickiness: 'none' }))).not.toHaveProperty([`${prefix}sticky-cookie-services`]);
});

test.each([
  ['False', false],
  ['0', false],
  ['off', true],
  ['no', true],
  ['true', true],
])('proxy-buffering: "%s" means buffering: %s', (value, buffers) => {
  expect(hopOf({ 'proxy-buffering': value }).buffering?.value).toBe(buffers);
});

test('responses are buffered unless it is said otherwise', () => {
  expect(hopOf({})).toMatchObject({
    buffering: { value: true },
    idleTimers: [{ value: 60 }],
    stickiness: { value: 'none' },
  });
});

test.each([
  ['90', 90],
  ['1h 30m', 5400],
  ['90 seconds', 60],
  ['', 60],
])('proxy-read-timeout: "%s" is %s s', (value, seconds) => {
  expect(hopOf({ 'proxy-read-timeout': value }).idleTimers?.[0]?.value).toBe(seconds);
});

test.each([
  ['serviceName=a SRV expires=1h path=/', { cookie: 'SRV', seconds: 3600 }],
  ['serviceName=a SRV', { cookie: 'SRV', seconds: Number.POSITIVE_INFINITY }],
  ['serviceName=a SRV expires=max', { cookie: 'SRV', seconds: Number.POSITIVE_INFINITY }],
])('%s binds by %j', (value, bound) => {
  expect(hopOf({ 'sticky-cookie-services': value }).stickiness?.value).toEqual(bound);
});
