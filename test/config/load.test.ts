import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig, parseConfig } from '../../lib/config/load.ts';
import { proxies } from '../../lib/config/sections/proxies.ts';
import { targetsInUse } from '../../lib/config/targets-in-use.ts';
import { defaults, type Fault, PolicyError } from '../../lib/policy/index.ts';

function faultsOf(value: unknown): readonly Fault[] {
  try {
    parseConfig(value);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.faults;
  }
}

const messagesOf = (value: unknown): readonly string[] => faultsOf(value).map(({ message }) => message);

test('nothing at all means the defaults', () => {
  expect(parseConfig({})).toEqual({
    policy: defaults,
    service: {
      replicas: { min: 2, max: 10 },
      cpu: 512,
      memoryMiB: 1024,
      allowAnonymous: false,
      auth: { key: 'JWT_SECRET' },
      corsOrigins: [],
      trustProxy: true,
      workers: 1,
      patterns: [],
      logLevel: 'info',
      overloadLagMs: 500,
      env: {},
    },
    aws: {
      enabled: true,
      name: 'SseKit',
      stage: 'dev',
      edge: 'none',
      cacheMode: 'nodes',
      internetFacing: false,
      usersPerAddress: 200,
      maintenance: false,
      existing: {},
    },
    kubernetes: {
      enabled: true,
      edge: 'haproxy-ingress',
      name: 'sse-kit',
      host: 'sse.example.com',
      appName: 'sse-kit',
      labels: {},
      annotations: {},
      podLabels: {},
      podAnnotations: {},
      serviceAnnotations: {},
      serviceAccount: { create: true, annotations: {} },
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: [],
      env: {},
      envFrom: [],
      authSecret: { name: 'sse-kit-auth' },
      redis: {
        secret: 'sse-kit-redis',
        urlKey: 'url',
        ports: [6379, 6380],
        bundled: false,
        storage: '1Gi',
        memoryMiB: 512,
        image: 'valkey/valkey:8.1-bookworm',
      },
      volumes: [],
      nodeSelector: {},
      tolerations: [],
      spread: 'prefer',
      preStop: 'sleep',
      autoscaling: 'hpa',
      networkPolicies: { enabled: true, monitoringNamespace: 'monitoring', egress: [] },
      monitoring: {
        podMonitor: false,
        rules: false,
        dashboard: false,
        labels: {},
        prometheus: 'http://prometheus-operated.monitoring.svc:9090',
      },
    },
    proxies: { use: ['nginx'] },
  });
});

describe('the file is', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sse-kit-'));
    for (const [name, idleSeconds] of Object.entries({ 'sse-kit.config.json': 70, 'env.json': 80, 'named.json': 90 }))
      writeFileSync(join(folder, name), JSON.stringify({ policy: { idleSeconds } }));
    writeFileSync(join(folder, 'broken.json'), '{ "policy": ');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const idleOf = (source: Parameters<typeof loadConfig>[0]): number => loadConfig(source).policy.idleSeconds;

  test('the named one before all others', () => {
    expect(idleOf({ path: 'named.json', env: { SSE_KIT_CONFIG: 'env.json' }, cwd: folder })).toBe(90);
  });

  test('else the one of the environment', () => {
    expect(idleOf({ env: { SSE_KIT_CONFIG: 'env.json' }, cwd: folder })).toBe(80);
    expect(idleOf({ env: { SSE_KIT_CONFIG: join(folder, 'env.json') }, cwd: '/' })).toBe(80);
  });

  test.each([{}, { SSE_KIT_CONFIG: '' }])('else sse-kit.config.json of the folder (%j)', (env) => {
    expect(idleOf({ env, cwd: folder })).toBe(70);
  });

  test('else none, and the defaults count', () => {
    expect(idleOf({ env: {}, cwd: tmpdir() })).toBe(60);
  });

  test.each([
    ['that was named and is not there', 'missing.json', 'ENOENT'],
    ['that is no JSON', 'broken.json', 'Unexpected end of JSON input'],
    ['that is a folder', '.', 'EISDIR'],
  ])('fails on one %s', (_, path, reason) => {
    expect(() => loadConfig({ path, env: {}, cwd: folder })).toThrow(
      new RegExp(
        `^no configuration could be read:\n {2}.+ must be a readable JSON file: ${reason}.* \\[config-json\\]$`,
      ),
    );
  });

  test('named in the error that it brings', () => {
    writeFileSync(join(folder, 'faulty.json'), '{ "polisy": {} }');

    expect(() => loadConfig({ path: 'faulty.json', env: {}, cwd: folder })).toThrow(
      `${join(folder, 'faulty.json')} does not hold:\n  polisy is not a known key`,
    );
  });
});

describe('fails, naming path, value and what would be accepted,', () => {
  const cases: readonly (readonly [what: string, value: unknown, message: string])[] = [
    [
      'on heartbeats too slow for the idle timers',
      { policy: { heartbeatSeconds: 30, idleSeconds: 60 } },
      'policy.idleSeconds (60) must be at least missedHeartbeats (3) × heartbeatSeconds (30) + 5 s; raise idleSeconds to 95 or lower heartbeatSeconds to 18',
    ],
    [
      'on a negative number',
      { policy: { retryMs: -3000 } },
      'policy.retryMs (-3000) must be a whole number of milliseconds from 500 to 3600000',
    ],
    [
      'on an unknown policy field',
      { policy: { idleTimeout: 60 } },
      'policy.idleTimeout (60) is not a policy field; did you mean idleSeconds',
    ],
    [
      'on an unknown key of a section',
      { aws: { region: 'eu-west-1' } },
      'aws.region is not a known key; remove it, or see sse-kit.schema.json for the ones there are',
    ],
    [
      'on an unknown section',
      { azure: {} },
      'azure is not a known key; remove it, or see sse-kit.schema.json for the ones there are',
    ],
    ['on a wrong type', { aws: { enabled: 'yes' } }, 'aws.enabled ("yes") must be of type boolean'],
    ['on too small a number', { service: { replicas: { min: 0 } } }, 'service.replicas.min (0) must be at least 1'],
    ['on too large a number', { aws: { maxAzs: 7 } }, 'aws.maxAzs (7) must be at most 6'],
    ['on an empty string', { service: { image: '' } }, 'service.image ("") must be at least 1 characters'],
    [
      'on a value that is not on the list',
      { service: { cpu: 300 } },
      'service.cpu (300) must be one of 256, 512, 1024, 2048, 4096, 8192, 16384',
    ],
    [
      'on an unknown proxy',
      { proxies: { use: ['squid'] } },
      `proxies.use.0 ("squid") must be one of ${proxies.map((proxy) => `"${proxy}"`).join(', ')}`,
    ],
    ['on a malformed string', { kubernetes: { host: 'a b' } }, 'kubernetes.host ("a b") must be a host name'],
    [
      'on replicas the wrong way round',
      { service: { replicas: { min: 4, max: 2 } } },
      'service.replicas ({"min":4,"max":2}) must be in order: min at most max',
    ],
    [
      'on everybody let in where a token is wanted',
      { service: { allowAnonymous: true, auth: { mode: 'jwt' } } },
      'service.allowAnonymous (true) must be false with service.auth.mode ("jwt"), which lets nobody in without a token; set it to false, or the mode to "none"',
    ],
    [
      'on a service that would not start, for nobody said that everybody may come in',
      { service: { auth: { mode: 'none' } } },
      'service.auth.mode ("none") must be "jwt" while service.allowAnonymous (false) is not true: without either, the service refuses to listen beyond loopback',
    ],
    [
      'on a key set without its address',
      { service: { auth: { key: 'JWKS_URL' } } },
      'service.auth.key ("JWKS_URL") needs service.auth.jwksUrl, the address of the key set',
    ],
    [
      'on two kinds of key',
      { service: { auth: { jwksUrl: 'https://id.test/keys' } } },
      'service.auth.jwksUrl ("https://id.test/keys") goes with service.auth.key ("JWKS_URL") only, and that is "JWT_SECRET"; the service takes one kind of key',
    ],
    [
      'on an issuer of tokens that nobody looks at',
      { service: { allowAnonymous: true, auth: { issuer: 'me' } } },
      'service.auth.issuer ("me") must be absent where anybody is let in: no token is looked at; remove it, or set service.allowAnonymous to false',
    ],
    [
      'on a secret in the file',
      { service: { env: { JWT_SECRET: 'x', NODE_OPTIONS: '--trace-warnings' } } },
      'service.env.JWT_SECRET must be absent: it comes from a secret, which no configuration holds; set it there',
    ],
    [
      'on an origin that is none',
      { service: { corsOrigins: ['https://a.test/'] } },
      'service.corsOrigins.0 ("https://a.test/") must be an origin such as https://app.example.com',
    ],
    [
      'on too little memory for the streams',
      { service: { cpu: 256, memoryMiB: 512 } },
      'service.memoryMiB (512) must be at least 521 for policy.maxStreams (20000), a hundred clients that do not read (policy.slowClientBytes, 1048576) and service.workers (1); raise service.memoryMiB to 521, or lower policy.maxStreams to 19148',
    ],
    [
      'on more processes than there are streams',
      {
        service: { workers: 3, memoryMiB: 1024 },
        policy: { connectRatePerSecond: 2, maxStreams: 40, drainSeconds: 30 },
      },
      'service.workers (3) must be at most 2, the smaller of policy.maxStreams and policy.connectRatePerSecond, which they share; lower service.workers to 2',
    ],
    [
      'on a variable that has a key of its own',
      { kubernetes: { env: { REDIS_URL: { secret: { name: 'a', key: 'b' } }, TZ: { field: 'metadata.name' } } } },
      'kubernetes.env.REDIS_URL must be absent: it comes from kubernetes.redis.urlKey; set it there',
    ],
    [
      'on TLS to a store that has none',
      { kubernetes: { redis: { bundled: true, caKey: 'ca' } } },
      'kubernetes.redis.caKey ("ca") must be absent with kubernetes.redis.bundled (true), which has no users and no TLS; remove one of them',
    ],
    [
      'on a volume of a name that is taken',
      { kubernetes: { volumes: [{ name: 'sse-kit-tls', mountPath: '/x', source: {} }] } },
      'kubernetes.volumes.0.name ("sse-kit-tls") must be a name that is taken neither by another volume nor by the kit, whose names begin with sse-kit-',
    ],
    [
      'on a value that no label can have',
      { kubernetes: { labels: { 'example.com/team': 'streams & co' } } },
      'kubernetes.labels.example.com/team ("streams & co") must be up to 63 letters, digits, dashes, dots or underscores',
    ],
    [
      'on a name too long for what is derived from it',
      { kubernetes: { name: 'a'.repeat(54) } },
      `kubernetes.name (${JSON.stringify('a'.repeat(54))}) must be a lower-case letter, then up to 52 letters, digits and dashes`,
    ],
    [
      'on a source of a variable that is none',
      { kubernetes: { env: { A: { value: 'x' } } } },
      'kubernetes.env.A ({"value":"x"}) must be one of { "secret": { "name", "key" } }, { "configMap": { "name", "key" } } or { "field": "metadata.name" }',
    ],
    ['on a policy that is no object', { policy: [] }, 'policy ([]) must be an object of policy fields'],
    ['on a policy of null', { policy: null }, 'policy (null) must be an object of policy fields'],
    ['on a file that is no object', [], 'the configuration ([]) must be of type object'],
    ['on a file of null', null, 'the configuration (null) must be of type object'],
  ];

  test.each(cases)('%s', (_, value, message) => {
    expect(messagesOf(value)).toEqual([message]);
  });
});

test('fails with everything that is wrong at once, with the path of each key', () => {
  const faults = faultsOf({
    polisy: {},
    policy: { heartbeatSeconds: 30, retryMs: -1, colour: 'red' },
    aws: { enabled: 'yes', region: 'x' },
    service: { cpu: 1 },
  });

  expect(faults.map(({ fields }) => fields)).toEqual([
    ['service.cpu'],
    ['aws.enabled'],
    ['aws.region'],
    ['polisy'],
    ['policy.retryMs'],
    ['policy.colour'],
    ['policy.idleSeconds', 'policy.missedHeartbeats', 'policy.heartbeatSeconds'],
  ]);
  expect(() => parseConfig({ polisy: {}, aws: { maxAzs: 1 } }, 'a.json')).toThrow(
    /^a\.json does not hold:\n {2}aws\.maxAzs .+ \[config\]\n {2}polisy .+ \[config\]$/,
  );
});

test('whatever a file holds, faults are reported in one error, and nothing else is ever thrown', () => {
  const keys = fc.constantFrom(
    'policy',
    'service',
    'aws',
    'kubernetes',
    'proxies',
    'enabled',
    'use',
    'replicas',
    '__proto__',
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof({ maxDepth: 3 }, fc.jsonValue(), fc.array(tie('json')), fc.dictionary(keys, tie('json'))),
  }));

  fc.assert(
    fc.property(json, (value) => {
      // as it comes from a file, where __proto__ is a key like any other
      const file = JSON.parse(JSON.stringify(value));
      expect(faultsOf(file).filter(({ fields, message }) => fields.length === 0 || message === '')).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

describe('limits bind', () => {
  const off = { enabled: false };
  const kubernetes = { edge: 'ingress-nginx' };
  const drain = { policy: { drainSeconds: 300 } };
  const ecs =
    "policy.drainSeconds (300) + 10 s must be at most 120, Fargate's stopTimeout limit; lower drainSeconds to 110";
  const ingress =
    "policy.drainSeconds (300) must be at most 240, ingress-nginx's worker-shutdown-timeout; lower drainSeconds to 240";

  test.each([
    ['AWS and Kubernetes', { kubernetes }, [ecs, ingress]],
    ['AWS alone', { kubernetes: off }, [ecs]],
    ['Kubernetes alone', { aws: off, kubernetes }, [ingress]],
    ['neither', { aws: off, kubernetes: off }, []],
    // one typing error more must not switch AWS on again
    [
      'neither, beside another fault',
      { aws: { ...off, regoin: 'x' }, kubernetes: off },
      [expect.stringContaining('aws.regoin')],
    ],
    ['AWS, when that is what is misspelt', { aws: { enabled: 'no' }, kubernetes: off }, [expect.any(String), ecs]],
  ])('for %s', (_, sections, messages) => {
    expect(messagesOf({ ...drain, ...sections })).toEqual(messages);
  });

  test('of proxies only where they are used', () => {
    const sections = { policy: { maxStreams: 29_000 }, aws: off, kubernetes: off };

    expect(messagesOf(sections)).toEqual([expect.stringContaining('policy.maxStreams (29000) must be at most 28000')]);
    expect(messagesOf({ ...sections, proxies: { use: [] } })).toEqual([]);
  });

  test('what Fargate does not offer, and gateways without a zone, where AWS is in use', () => {
    const wrong = { service: { cpu: 1024, memoryMiB: 1024 }, aws: { maxAzs: 2, natGateways: 3 } };

    expect(messagesOf(wrong)).toEqual([
      'service.memoryMiB (1024) must be one of 2048, 3072, 4096, 5120, 6144, 7168, 8192, which Fargate offers for service.cpu (1024)',
      'aws.natGateways (3) must be at most aws.maxAzs (2), one a zone; lower aws.natGateways to 2',
    ]);
    expect(messagesOf({ service: wrong.service, aws: off })).toEqual([]);
  });

  test('a policy that breaks rules of its own is judged by the limits too', () => {
    const policy = { drainSeconds: 300, idleSeconds: 5, maxStreams: -1 };

    expect(faultsOf({ policy, kubernetes }).map(({ rule }) => rule)).toEqual([
      'policy-field',
      'heartbeat-outpaces-idle',
      'ecs-stop-timeout',
      'ingress-nginx-worker-shutdown',
    ]);
  });
});

test.each([
  [{}, ['nginx', 'alb', 'ecs', 'elasticache', 'haproxy-ingress', 'kubernetes', 'service']],
  [{ aws: { enabled: false } }, ['nginx', 'haproxy-ingress', 'kubernetes', 'service']],
  [{ kubernetes: { enabled: false }, proxies: { use: [] } }, ['alb', 'ecs', 'elasticache', 'service']],
  [{ aws: { enabled: false }, kubernetes: { enabled: false }, proxies: { use: [] } }, ['service']],
])('%j is meant for %j', (sections, ids) => {
  expect(targetsInUse(parseConfig(sections)).map(({ id }) => id)).toEqual(ids);
});
