import type { Manifest } from '../../../lib/targets/edge/manifest.ts';
import { type EdgeId, edges } from '../../../lib/targets/index.ts';

const none = Number.POSITIVE_INFINITY;

const manifest = (kind: string, spec: object, more: object = {}): Manifest => ({
  apiVersion: 'of.theirs/v1',
  kind,
  metadata: { name: 'theirs' },
  spec: { ...spec },
  ...more,
});

const route = (rule: object = {}): Manifest =>
  manifest('HTTPRoute', { parentRefs: [{ name: 'gate' }], rules: [{ backendRefs: [{ name: 'backend' }], ...rule }] });

const to = (kind: string, name: string) => ({ targetRefs: [{ kind, name }] });

interface Case {
  readonly title: string;
  readonly manifests: readonly Manifest[];
  readonly hop: object;
}

/** Manifests as somebody else would write them, with the vendor's defaults for what is not said. */
const cases: Readonly<Partial<Record<EdgeId, readonly Case[]>>> = {
  'nginx-gateway-fabric': [
    {
      title: 'nothing but a route is buffered, and cut after a minute of silence',
      manifests: [route()],
      hop: {
        idleTimers: [{ value: 60, setting: 'timeout.read: 60s (default)' }],
        buffering: { value: true, setting: 'buffering.disable: false (default)' },
        poolIdle: { value: 60 },
        streamsPerConnection: { value: 128 },
      },
    },
    {
      title: 'a Gateway of its own logs the query, and has 1024 connections per worker',
      manifests: [route(), manifest('Gateway', {})],
      hop: { logsQuery: { value: true }, streamLimit: { value: 512, setting: 'workerConnections: 1024 (default)' } },
    },
    {
      title: 'what the policy of a route leaves open is inherited from that of its Gateway',
      manifests: [
        route(),
        manifest('ProxySettingsPolicy', { ...to('HTTPRoute', 'theirs'), timeout: { read: '5m' } }),
        manifest('ProxySettingsPolicy', {
          ...to('Gateway', 'gate'),
          buffering: { disable: true },
          timeout: { read: '10s' },
        }),
      ],
      hop: { idleTimers: [{ value: 300, setting: 'timeout.read: 5m' }], buffering: { value: false } },
    },
    {
      title: 'a time in a grammar that is not its own counts as the default',
      manifests: [
        route(),
        manifest('ProxySettingsPolicy', { ...to('HTTPRoute', 'theirs'), timeout: { read: '1h30m' } }),
        manifest('UpstreamSettingsPolicy', { ...to('Service', 'backend'), keepAlive: { timeout: '90' } }),
      ],
      hop: { idleTimers: [{ value: 60 }], poolIdle: { value: 90, setting: 'keepAlive.timeout: 90' } },
    },
    {
      title: 'a format of its own may leave the query out',
      manifests: [
        route(),
        manifest('NginxProxy', {
          logging: { accessLog: { format: '$remote_addr $request_method $uri $request_time' } },
        }),
      ],
      hop: { logsQuery: { value: false } },
    },
    {
      title: 'and may not',
      manifests: [route(), manifest('NginxProxy', { logging: { accessLog: { format: '$remote_addr $request_uri' } } })],
      hop: { logsQuery: { value: true } },
    },
  ],
  istio: [
    {
      title: 'nothing but a route ends no stream, and keeps connections for an hour',
      manifests: [route()],
      hop: {
        idleTimers: [{ value: none }],
        durationCaps: [{ value: none }],
        poolIdle: { value: 3600 },
        streamLimit: { value: 4_294_967_295 },
        stickiness: { value: 'none' },
      },
    },
    {
      title: 'a request timeout is a limit on age, and so is one on connections',
      manifests: [
        route({ timeouts: { request: '30s' } }),
        manifest('DestinationRule', {
          host: 'backend.live.svc.cluster.local',
          trafficPolicy: { connectionPool: { tcp: { maxConnectionDuration: '10m', maxConnections: 100 } } },
        }),
      ],
      hop: {
        durationCaps: [{ value: 30 }, { value: 600, setting: 'connectionPool.tcp.maxConnectionDuration: 10m' }],
        streamLimit: { value: 100, setting: 'connectionPool.tcp.maxConnections: 100' },
      },
    },
    {
      title: 'the rule of another host does not count',
      manifests: [
        route(),
        manifest('DestinationRule', {
          host: 'another',
          trafficPolicy: { connectionPool: { http: { idleTimeout: '10s' } } },
        }),
      ],
      hop: { poolIdle: { value: 3600 } },
    },
    {
      title: 'a cookie without a ttl lasts as long as the browser',
      manifests: [
        route(),
        manifest('DestinationRule', {
          host: 'backend',
          trafficPolicy: { loadBalancer: { consistentHash: { httpCookie: { name: 'THEIRS', ttl: '0s' } } } },
        }),
      ],
      hop: { stickiness: { value: { cookie: 'THEIRS', seconds: none } } },
    },
    {
      title: 'proxies of a Gateway cut their streams after 5 s',
      manifests: [route(), manifest('Gateway', {})],
      hop: { reloadWindow: { value: 5, setting: 'terminationDrainDuration: 5s (default)' } },
    },
    {
      title: 'unless an annotation says otherwise',
      manifests: [
        route(),
        manifest('Gateway', {
          infrastructure: { annotations: { 'proxy.istio.io/config': 'terminationDrainDuration: 2m' } },
        }),
      ],
      hop: { reloadWindow: { value: 120 } },
    },
  ],
};

const gke: readonly Case[] = [
  {
    title: 'nothing but a route ends streams after 30 s, and cuts those of a replica that leaves',
    manifests: [route()],
    hop: {
      durationCaps: [{ value: 30, setting: 'timeoutSec: 30 (default)' }],
      poolIdle: { value: 600 },
      reloadWindow: { value: 0 },
      stickiness: { value: 'none' },
      logsQuery: { value: false },
    },
  },
  {
    title: 'a policy of the Service counts, and that of another does not',
    manifests: [
      route(),
      manifest('GCPBackendPolicy', { targetRef: { kind: 'Service', name: 'another' }, default: { timeoutSec: 5 } }),
      manifest('GCPBackendPolicy', {
        targetRef: { kind: 'Service', name: 'backend' },
        default: { timeoutSec: 86_400, sessionAffinity: { type: 'GENERATED_COOKIE' }, logging: { enabled: true } },
      }),
    ],
    hop: {
      durationCaps: [{ value: 86_400 }],
      stickiness: { value: { cookie: 'GCLB', seconds: none } },
      logsQuery: { value: true },
    },
  },
  {
    title: 'an address binds nobody by a cookie',
    manifests: [
      route(),
      manifest('GCPBackendPolicy', {
        targetRef: { kind: 'Service', name: 'backend' },
        default: { sessionAffinity: { type: 'CLIENT_IP' } },
      }),
    ],
    hop: { stickiness: { value: 'none', setting: 'sessionAffinity.type: CLIENT_IP' } },
  },
];

const proxy = (route: object, annotations: Record<string, string> = {}): readonly Manifest[] => [
  manifest('HTTPProxy', { routes: [{ services: [{ name: 'backend' }], ...route }] }),
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'backend', annotations } },
];

const contour: readonly Case[] = [
  {
    title: 'nothing but a route ends streams after 15 s, and lets 1024 through',
    manifests: proxy({}),
    hop: {
      idleTimers: [{ value: 300 }],
      durationCaps: [{ value: 15, setting: 'timeoutPolicy.response: 15s (default)' }],
      poolIdle: { value: 3600 },
      streamLimit: { value: 1024 },
      stickiness: { value: 'none' },
    },
  },
  {
    title: 'times are written as in Go, with words for none',
    manifests: proxy({ timeoutPolicy: { response: 'infinite', idle: '1h30m0.5s', idleConnection: '90' } }),
    hop: { durationCaps: [{ value: none }], idleTimers: [{ value: 5400.5 }], poolIdle: { value: 3600 } },
  },
  {
    title: 'annotations lift the breakers, and those that are no numbers do not',
    manifests: proxy({}, { 'projectcontour.io/max-connections': '100000', 'projectcontour.io/max-requests': 'many' }),
    hop: { streamLimit: { value: 1024, setting: 'projectcontour.io/max-requests: many' } },
  },
  {
    title: 'the cookie has no end',
    manifests: proxy({ loadBalancerPolicy: { strategy: 'Cookie' } }),
    hop: { stickiness: { value: { cookie: 'X-Contour-Session-Affinity', seconds: none } } },
  },
  {
    title: 'of several routes the longest prefix takes the streams, and one with a header may not',
    manifests: [
      manifest('HTTPProxy', {
        routes: [
          { conditions: [{ prefix: '/' }], timeoutPolicy: { response: '1s' } },
          { conditions: [{ prefix: '/events' }], timeoutPolicy: { response: '2s' } },
          { conditions: [{ prefix: '/eventsource' }], timeoutPolicy: { response: '3s' } },
          { conditions: [{ prefix: '/events' }, { header: { name: 'x', present: true } }] },
        ],
      }),
    ],
    hop: { durationCaps: [{ value: 2 }] },
  },
];

const behindKong = (
  onIngress: Record<string, string>,
  onService: Record<string, string>,
  ...more: readonly Manifest[]
): readonly Manifest[] => [
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'theirs', annotations: onIngress } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'backend', annotations: onService } },
  ...more,
];

const kong: readonly Case[] = [
  {
    title: 'nothing but an Ingress is buffered, and cut after a minute of silence',
    manifests: behindKong({}, {}),
    hop: { idleTimers: [{ value: 60 }], buffering: { value: true }, stickiness: { value: 'none' } },
  },
  {
    title: 'times are milliseconds, and one with a unit is ignored',
    manifests: behindKong({ 'konghq.com/response-buffering': 'false' }, { 'konghq.com/read-timeout': '300s' }),
    hop: {
      idleTimers: [{ value: 60, setting: 'konghq.com/read-timeout: 300s' }],
      buffering: { value: false, setting: 'konghq.com/response-buffering: false' },
    },
  },
  {
    title: 'a cookie has no end, where a policy by name asks for one',
    manifests: behindKong(
      {},
      { 'konghq.com/read-timeout': '300000', 'konghq.com/upstream-policy': 'theirs' },
      manifest('KongUpstreamPolicy', { algorithm: 'consistent-hashing', hashOn: { cookie: 'THEIRS' } }),
    ),
    hop: { idleTimers: [{ value: 300 }], stickiness: { value: { cookie: 'THEIRS', seconds: none } } },
  },
];

const rows = Object.entries({ ...cases, 'gke-gateway': gke, contour, kong }).flatMap(([id, list]) =>
  list.map((one) => [id as EdgeId, one.title, one] as const),
);

test.each(rows)('with %s, %s', (id, _, { manifests, hop }) => {
  expect(edges[id].read({ manifests })).toMatchObject(hop);
});
