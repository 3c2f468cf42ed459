import { defaults, definePolicy } from '../../../lib/policy/index.ts';
import type { Manifest } from '../../../lib/targets/edge/manifest.ts';
import { edges } from '../../../lib/targets/index.ts';

const edge = edges.traefik;
const apiVersion = 'traefik.io/v1alpha1';

const specOf = (kind: string, policy = defaults) =>
  edge.render(policy).manifests.find((manifest) => manifest.kind === kind)?.spec;

const theirs = (kind: string, name: string, spec: Manifest['spec'] = {}): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'live' },
  spec,
});

const route = (more: object = {}, service: object = {}): Manifest =>
  theirs('IngressRoute', 'theirs', { routes: [{ match: 'PathPrefix(`/`)', ...more, services: [{ ...service }] }] });

test('a route is led to the replica with the fewest streams, and back to it by a cookie', () => {
  expect(specOf('IngressRoute')).toMatchInlineSnapshot(`
{
  "entryPoints": [
    "websecure",
  ],
  "routes": [
    {
      "kind": "Rule",
      "match": "Host(\`sse.example.com\`)",
      "middlewares": [
        {
          "name": "sse-kit",
        },
      ],
      "services": [
        {
          "name": "sse-kit",
          "port": 80,
          "serversTransport": "sse-kit",
          "sticky": {
            "cookie": {
              "httpOnly": true,
              "maxAge": 3600,
              "name": "SSEKIT",
            },
          },
          "strategy": "p2c",
        },
      ],
    },
  ],
  "tls": {
    "secretName": "sse-example-com-tls",
  },
}
`);
  expect(specOf('ServersTransport')).toMatchInlineSnapshot(`
{
  "forwardingTimeouts": {
    "dialTimeout": "2s",
    "idleConnTimeout": "60s",
  },
  "maxIdleConnsPerHost": 200,
}
`);
});

test('without stickiness there is no cookie', () => {
  expect(JSON.stringify(specOf('IngressRoute', definePolicy({ stickiness: 'none' })))).not.toContain('sticky');
});

test('a class of its own is how several Traefiks in a cluster know their resources', () => {
  const manifests = edge.manifestsFor(defaults, { name: 'a', host: 'a.test', port: 80, className: 'inside' });

  expect(manifests.map(({ metadata }) => metadata.annotations)).toEqual(
    manifests.map(() => ({ 'kubernetes.io/ingress.class': 'inside' })),
  );
});

test('what is not set counts with the defaults of Traefik', () => {
  const hop = edge.read({ manifests: [route()] });

  expect(hop).toMatchObject({
    buffering: { value: false },
    compression: { value: false },
    poolIdle: { value: 90 },
    streamsPerConnection: { value: 250 },
    stickiness: { value: 'none' },
  });
  expect(edge.read({ manifests: [] })).toMatchObject({ poolIdle: { value: 90 }, stickiness: { value: 'none' } });
});

test('Middlewares on the way that hold events back are seen, and those elsewhere are not', () => {
  const middlewares = [
    theirs('Middleware', 'buffer', { buffering: {} }),
    theirs('Middleware', 'squeeze', { compress: {} }),
    theirs('Middleware', 'careful', { compress: { excludedContentTypes: ['text/event-stream'] } }),
    theirs('Middleware', 'picky', { compress: { includedContentTypes: ['application/json'] } }),
  ];
  const through = (...names: readonly string[]) =>
    edge.read({ manifests: [route({ middlewares: names.map((name) => ({ name })) }), ...middlewares] });

  expect(through('buffer', 'squeeze')).toMatchObject({ buffering: { value: true }, compression: { value: true } });
  expect(through('careful')).toMatchObject({ buffering: { value: false }, compression: { value: false } });
  expect(through('picky').compression?.value).toBe(false);
  expect(through().compression?.value).toBe(false);
});

test.each([
  ['90s', 90],
  ['1m30s', 90],
  [45, 45],
  ['250ms', 0.25],
  [0, Number.POSITIVE_INFINITY],
])('an idleConnTimeout of %s keeps idle connections for %s s', (idleConnTimeout, seconds) => {
  const manifests = [
    route({}, { serversTransport: 'pool' }),
    theirs('ServersTransport', 'pool', { forwardingTimeouts: { idleConnTimeout } }),
  ];

  expect(edge.read({ manifests }).poolIdle?.value).toBe(seconds);
});

test('a cookie without an age, or with none, lives as long as the browser', () => {
  const bound = (cookie: object) => edge.read({ manifests: [route({}, { sticky: { cookie } })] }).stickiness?.value;

  expect(bound({ name: 'A' })).toEqual({ cookie: 'A', seconds: Number.POSITIVE_INFINITY });
  expect(bound({ maxAge: 0 })).toMatchObject({ seconds: Number.POSITIVE_INFINITY });
  expect(bound({ name: 'A', maxAge: 60 })).toEqual({ cookie: 'A', seconds: 60 });
});

test('an Ingress with annotations is read too', () => {
  const prefix = 'traefik.ingress.kubernetes.io/';
  const annotated = (kind: string, annotations: Record<string, string>): Manifest => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'theirs', annotations },
  });
  const hop = edge.read({
    manifests: [
      annotated('Ingress', { [`${prefix}router.middlewares`]: 'auth@file, live-buffer@kubernetescrd' }),
      annotated('Service', {
        [`${prefix}service.sticky.cookie`]: 'true',
        [`${prefix}service.sticky.cookie.name`]: 'A',
        [`${prefix}service.sticky.cookie.maxage`]: '60',
        [`${prefix}service.serverstransport`]: 'live-pool@kubernetescrd',
      }),
      theirs('Middleware', 'buffer', { buffering: {} }),
      theirs('ServersTransport', 'pool', { forwardingTimeouts: { idleConnTimeout: '30s' } }),
    ],
  });

  expect(hop).toMatchObject({
    buffering: { value: true },
    poolIdle: { value: 30 },
    stickiness: { value: { cookie: 'A', seconds: 60 } },
  });
});
