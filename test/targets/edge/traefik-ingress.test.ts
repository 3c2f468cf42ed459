import { defaults, definePolicy } from '../../../lib/policy/index.ts';
import type { Manifest } from '../../../lib/targets/edge/manifest.ts';
import { edges } from '../../../lib/targets/index.ts';

const edge = edges.traefik;
const apiVersion = 'traefik.io/v1alpha1';

const specOf = (kind: string, policy = defaults) =>
  edge.render(policy).manifests.find((manifest) => manifest.kind === kind)?.spec ?? {};

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
      "match": "Host(\`sse.example.com\`) && Path(\`/events\`) && HeaderRegexp(\`Accept\`, \`text/event-stream\`)",
      "middlewares": [
        {
          "name": "sse-kit",
        },
      ],
      "services": [
        {
          "kind": "TraefikService",
          "name": "sse-kit",
        },
      ],
    },
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
  expect(JSON.stringify(edge.render(definePolicy({ stickiness: 'none' })))).not.toContain('sticky');
});

test('while no replica is ready, a stream is asked for once more from those that are not, which refuse it softly', () => {
  const { failover } = specOf('TraefikService') as { failover: Record<string, unknown> };

  expect(failover).toMatchObject({
    service: { name: 'sse-kit', sticky: {} },
    fallback: { name: 'sse-kit-all' },
    errors: { status: ['502-504'] },
  });
  expect(failover).not.toHaveProperty('fallback.sticky');
  expect(specOf('Service')).toEqual({
    publishNotReadyAddresses: true,
    selector: { 'app.kubernetes.io/name': 'sse-kit', 'app.kubernetes.io/instance': 'sse-kit' },
    ports: [{ name: 'http', port: 80, targetPort: 8080 }],
  });
});

test('a class of its own is how several Traefiks in a cluster know their resources', () => {
  const manifests = edge.manifestsFor(defaults, { name: 'a', host: 'a.test', port: 80, className: 'inside' });
  const resources = manifests.filter((manifest) => manifest.apiVersion === apiVersion);

  expect(resources).toHaveLength(4);
  expect(resources.map(({ metadata }) => metadata.annotations)).toEqual(
    resources.map(() => ({ 'kubernetes.io/ingress.class': 'inside' })),
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

describe('refusals are soft', () => {
  const rendered = edge.render(defaults).manifests;
  const changed = (kind: string, from: string, to: string): Manifest[] =>
    rendered.map((one) => (one.kind === kind ? JSON.parse(JSON.stringify(one).replaceAll(from, to)) : one));

  test('as rendered', () => {
    expect(edge.read({ manifests: rendered }).refusals).toEqual({
      value: 'soft',
      setting: 'failover',
      at: 'TraefikService sse-kit',
    });
  });

  test.each([
    ['a status is left out', changed('TraefikService', '502-504', '503-504')],
    ['nothing counts as a failure', changed('TraefikService', '"errors":{"status":["502-504"]}', '"errors":{}')],
    ['streams go past it', changed('IngressRoute', 'TraefikService', 'Service')],
  ])('but not when %s', (_, manifests) => {
    expect(edge.read({ manifests }).refusals?.value).toBe('fatal');
  });
});

describe('of several, the one is read that streams go through', () => {
  const limited = (name: string, amount: number) => theirs('Middleware', name, { inFlightReq: { amount } });
  const through = (name: string) => ({ middlewares: [{ name }] });
  const middlewares = [limited('m7', 7), limited('m8', 8)];
  const amount = (...manifests: readonly Manifest[]) =>
    edge.read({ manifests: [...manifests, ...middlewares] }).streamLimit?.value;

  test('route', () => {
    const routes = [
      { match: 'Host(`a.test`)', ...through('m8'), services: [{ name: 'app', port: 80 }] },
      { match: 'Host(`a.test`) && Path(`/events`)', ...through('m7'), services: [{ name: 'app', port: 80 }] },
    ];
    expect(amount(theirs('IngressRoute', 'a', { routes }))).toBe(7);
  });

  test('chain of Middlewares', () => {
    const chain = theirs('Middleware', 'both', { chain: { middlewares: [{ name: 'm7' }] } });
    expect(amount(route(through('both')), chain)).toBe(7);
  });

  test('path of an Ingress, with the Service behind it', () => {
    const path = (pathType: string, path: string, name: string) => ({
      path,
      pathType,
      backend: { service: { name, port: { number: 80 } } },
    });
    const paths = [path('Exact', '/even', 'page'), path('Prefix', '/ev', 'streams')];
    const ingress: Manifest = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'theirs' },
      spec: { rules: [{ host: 'a.test', http: { paths } }] },
    };
    const service = (name: string, seconds: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name,
        annotations: {
          'traefik.ingress.kubernetes.io/service.sticky.cookie': 'true',
          'traefik.ingress.kubernetes.io/service.sticky.cookie.maxage': seconds,
        },
      },
    });
    const hop = edge.read({ manifests: [ingress, service('page', '60'), service('streams', '90')] });

    expect(hop.stickiness?.value).toMatchObject({ seconds: 90 });
  });

  test.each([
    ['share of a TraefikService', { weighted: { services: [{ name: 'app', serversTransport: 'pool' }] } }],
    ['main service of a mirror', { mirroring: { name: 'app', serversTransport: 'pool', mirrors: [] } }],
    ['main service of a failover', { failover: { service: { serversTransport: 'pool' }, fallback: { name: 'b' } } }],
  ])('%s', (_, spec) => {
    const manifests = [
      route({}, { kind: 'TraefikService', name: 'shared' }),
      theirs('TraefikService', 'shared', spec),
      theirs('ServersTransport', 'pool', { forwardingTimeouts: { idleConnTimeout: '30s' } }),
    ];
    expect(edge.read({ manifests }).poolIdle).toMatchObject({ value: 30, at: 'ServersTransport pool' });
  });
});

test("a route's own limit on the whole exchange is a cap", () => {
  expect(edge.read({ manifests: [route({ respondingTimeouts: { roundTrip: '30s' } })] }).durationCaps).toMatchObject([
    { value: 30 },
  ]);
  expect(edge.read({ manifests: [route({ respondingTimeouts: { roundTrip: 0 } })] }).durationCaps).toMatchObject([
    { value: Number.POSITIVE_INFINITY },
  ]);
});
