import { definePolicy } from '../../lib/policy/index.ts';
import { one, podOf, synth } from './chart.ts';

const manifests = synth();
const { ingress, service } = manifests;

test('turns buffering off, waits as long as the policy says and keeps clients with their replica', () => {
  expect(ingress.metadata.annotations).toMatchInlineSnapshot(`
{
  "nginx.ingress.kubernetes.io/affinity": "cookie",
  "nginx.ingress.kubernetes.io/affinity-mode": "balanced",
  "nginx.ingress.kubernetes.io/default-backend": "streams-all",
  "nginx.ingress.kubernetes.io/proxy-buffering": "off",
  "nginx.ingress.kubernetes.io/proxy-connect-timeout": "5",
  "nginx.ingress.kubernetes.io/proxy-http-version": "1.1",
  "nginx.ingress.kubernetes.io/proxy-next-upstream": "error timeout",
  "nginx.ingress.kubernetes.io/proxy-read-timeout": "60",
  "nginx.ingress.kubernetes.io/session-cookie-change-on-failure": "true",
  "nginx.ingress.kubernetes.io/session-cookie-expires": "3600",
  "nginx.ingress.kubernetes.io/session-cookie-max-age": "3600",
  "nginx.ingress.kubernetes.io/session-cookie-name": "SSEKIT",
}
`);
});

test('follows the policy when a number changes', () => {
  const policy = definePolicy({ idleSeconds: 90, keepAliveSeconds: 125, stickiness: 'none' });
  const { annotations } = synth({ policy }).ingress.metadata;

  expect(annotations).toHaveProperty(['nginx.ingress.kubernetes.io/proxy-read-timeout'], '90');
  expect(annotations).not.toHaveProperty(['nginx.ingress.kubernetes.io/affinity']);
});

test('holds nothing but strings, as annotations must', () => {
  expect(new Set(Object.values(ingress.metadata.annotations).map((value) => typeof value))).toEqual(
    new Set(['string']),
  );
});

test('leads the whole host to the port of the Service', () => {
  const backend = { service: { name: service.metadata.name, port: { number: service.spec.ports?.[0]?.port } } };

  expect(ingress.spec).toEqual({
    ingressClassName: 'nginx',
    rules: [{ host: 'sse.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
  });
  expect(service.spec.ports).toMatchObject([{ targetPort: podOf(manifests).container.ports?.[0]?.containerPort }]);
});

test('ends TLS when there is a certificate', () => {
  expect(synth({ kubernetes: { tlsSecret: 'certificate' } }).ingress.spec.tls).toEqual([
    { hosts: ['sse.test'], secretName: 'certificate' },
  ]);
});

test('fails when the edge cannot express the policy', () => {
  const policy = definePolicy({ drainSeconds: 300 });

  expect(() => synth({ policy })).toThrow(/drainSeconds \(300\) must be at most 240, ingress-nginx/);
});

test('opens a balancer of AWS to everybody when the annotations of the configuration say so', () => {
  const scheme = 'alb.ingress.kubernetes.io/scheme';
  const schemeOf = (annotations: Record<string, string>) =>
    synth({ kubernetes: { edge: 'aws-load-balancer-controller', annotations } }).ingress.metadata.annotations[scheme];

  expect(schemeOf({})).toBe('internal');
  expect(schemeOf({ [scheme]: 'internet-facing' })).toBe('internet-facing');
});

test('lets Traefik ask replicas that are not ready, by the labels and the port that all of them have', () => {
  const manifests = synth({ kubernetes: { edge: 'traefik', podTlsSecret: 'pod-tls' } });
  const every = one(manifests.all, 'Service', 'streams-all') as typeof service;

  expect(every.spec).toEqual({
    publishNotReadyAddresses: true,
    selector: manifests.service.spec.selector,
    ports: manifests.service.spec.ports?.map(({ name, port, targetPort }) => ({ name, port, targetPort })),
  });
});
