import { settingsFromEnv } from '../../service/settings.ts';
import { one, podOf, synth } from './chart.ts';
import { expectValid } from './valid.ts';

const warn = jest.spyOn(process, 'emitWarning').mockImplementation();

const bundled = (redis: object = {}) => synth({ kubernetes: { redis: { bundled: true, secret: 'redis', ...redis } } });
const manifests = bundled();
const store = manifests.all.filter(({ metadata }) => metadata.name === 'streams-valkey');

interface Set {
  readonly spec: {
    readonly selector: unknown;
    readonly template: { readonly spec: { readonly containers: readonly object[] } };
  };
}

const setOf = (of: typeof manifests): Set => one(of.all, 'StatefulSet', 'streams-valkey') as unknown as Set;

test('is a StatefulSet of one with its disk, a Service and a policy that lets nobody else in', () => {
  expectValid(...store);
  expect(store.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Service', 'StatefulSet', 'NetworkPolicy']);
  expect(setOf(manifests)).toMatchObject({
    spec: {
      replicas: 1,
      template: {
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 999, fsGroup: 999 },
        },
      },
      volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '1Gi' } } } }],
    },
  });
  expect(one(manifests.all, 'NetworkPolicy', 'streams-valkey')).toMatchObject({
    spec: {
      ingress: [{ from: [{ podSelector: manifests.deployment.spec.selector }] }],
      policyTypes: ['Ingress', 'Egress'],
    },
  });
});

test('says on every object, and once when it is synthesized, that it is for development', () => {
  warn.mockClear();
  bundled();

  expect(warn.mock.calls).toEqual([
    [expect.stringContaining('is for development'), { code: 'SSE_KIT_DEVELOPMENT_STORE' }],
  ]);
  for (const { metadata } of store)
    expect(metadata.annotations).toHaveProperty(['sse-kit/development-only'], expect.stringContaining('development'));
});

test('never shares a selector with the service', () => {
  expect(setOf(manifests).spec.selector).toEqual({
    matchLabels: { 'app.kubernetes.io/name': 'valkey', 'app.kubernetes.io/instance': 'streams' },
  });
});

test('is where the service looks for it, and where it may go', () => {
  const { configMap, all } = manifests;

  expect(settingsFromEnv({ ...configMap.data, JWT_SECRET: 'x'.repeat(32) }).redisUrl).toBe(
    'redis://streams-valkey:6379',
  );
  expect(podOf(manifests).container.env?.map(({ name }) => name)).not.toContain('REDIS_URL');
  expect(one(all, 'NetworkPolicy')).toMatchObject({
    spec: { egress: [{}, { to: [{ podSelector: setOf(manifests).spec.selector }], ports: [{ port: 6379 }] }] },
  });
});

test('keeps what it is given, and refuses what it has no room for', () => {
  expect(one(manifests.all, 'ConfigMap', 'streams-valkey')).toHaveProperty(
    ['data', 'valkey.conf'],
    expect.stringMatching(
      /^appendonly yes\n[\s\S]*^maxmemory 512mb\nmaxmemory-policy noeviction\n[\s\S]*^client-output-buffer-limit pubsub 33554432 8388608 60$/m,
    ),
  );
});

test('has the password of the Secret, if there is one, and so has the service', () => {
  const locked = bundled({ passwordKey: 'password' });
  const valueFrom = { secretKeyRef: { name: 'redis', key: 'password' } };

  expect(setOf(locked).spec.template.spec.containers).toMatchObject([
    {
      command: ['valkey-server', '/etc/valkey/valkey.conf', '--requirepass', '$(REDISCLI_AUTH)'],
      env: [{ name: 'REDISCLI_AUTH', valueFrom }],
    },
  ]);
  expect(podOf(locked).container.env).toContainEqual({ name: 'REDIS_PASSWORD', valueFrom });
});
