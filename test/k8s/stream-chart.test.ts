import { dirname } from 'node:path';
import { definePolicy, policyFromEnv } from '../../lib/policy/index.ts';
import { one, podOf, props, synth } from './chart.ts';

const manifests = synth();
const { all, configMap, deployment, service, disruptionBudget } = manifests;
const pod = podOf(manifests);

test('a chart is what every cluster takes, under one name', () => {
  expect(all.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).toMatchInlineSnapshot(`
[
  "v1 ConfigMap streams",
  "v1 ServiceAccount streams",
  "apps/v1 Deployment streams",
  "v1 Service streams",
  "networking.k8s.io/v1 Ingress streams",
  "v1 Service streams-all",
  "policy/v1 PodDisruptionBudget streams",
  "networking.k8s.io/v1 NetworkPolicy streams",
  "autoscaling/v2 HorizontalPodAutoscaler streams",
]
`);
});

test('every object carries the recommended labels', () => {
  for (const { metadata } of all) {
    expect(metadata).toMatchObject({
      labels: {
        'app.kubernetes.io/name': 'sse-kit',
        'app.kubernetes.io/instance': 'streams',
        'app.kubernetes.io/component': 'service',
        'app.kubernetes.io/managed-by': 'sse-kit',
      },
    });
  }
});

test('a namespace is set on every object when there is one, and on none otherwise', () => {
  const namespaces = (of: typeof all) => of.map(({ metadata }) => metadata.namespace);

  expect(new Set(namespaces(synth({ kubernetes: { namespace: 'live' } }).all))).toEqual(new Set(['live']));
  expect(new Set(namespaces(all))).toEqual(new Set([undefined]));
});

describe('the Deployment', () => {
  const numbersOf = (of: ReturnType<typeof synth>) => {
    const { spec, container } = podOf(of);
    const { minReadySeconds, progressDeadlineSeconds, strategy } = of.deployment.spec;
    return {
      minReadySeconds,
      progressDeadlineSeconds,
      rollingUpdate: strategy?.rollingUpdate,
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
      preStop: container.lifecycle?.preStop,
    };
  };

  test('is stopped and replaced at the pace of the policy', () => {
    expect(numbersOf(manifests)).toMatchInlineSnapshot(`
{
  "minReadySeconds": 5,
  "preStop": {
    "sleep": {
      "seconds": 15,
    },
  },
  "progressDeadlineSeconds": 605,
  "rollingUpdate": {
    "maxSurge": 1,
    "maxUnavailable": 0,
  },
  "terminationGracePeriodSeconds": 55,
}
`);
  });

  test('follows the policy when a number changes', () => {
    const policy = definePolicy({ propagationSeconds: 20, drainSeconds: 60, retryMs: 10_000 });

    expect(numbersOf(synth({ policy }))).toMatchObject({
      minReadySeconds: 15,
      terminationGracePeriodSeconds: 90,
      preStop: { sleep: { seconds: 20 } },
    });
  });

  test('leaves the sleep out when there is nothing to wait for, because older clusters refuse a sleep of zero', () => {
    const { container } = podOf(synth({ policy: definePolicy({ propagationSeconds: 0 }) }));

    expect(container.lifecycle).toBeUndefined();
  });

  test('is probed as the kubernetes target says, and starts as patiently as it runs', () => {
    const { startupProbe, livenessProbe, readinessProbe } = pod.container;

    expect({ startupProbe, livenessProbe, readinessProbe }).toMatchObject({
      startupProbe: { httpGet: { path: '/livez', port: 8080 }, periodSeconds: 5, failureThreshold: 12 },
      livenessProbe: { httpGet: { path: '/livez', port: 8080 }, periodSeconds: 10, failureThreshold: 6 },
      readinessProbe: { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 5, failureThreshold: 2 },
    });
  });

  test('runs the image with the resources it was given, and without a CPU limit', () => {
    const { image, imagePullPolicy, resources } = pod.container;

    expect({ image, imagePullPolicy, resources }).toEqual({
      image: 'registry.test/sse:1.2.3',
      imagePullPolicy: 'IfNotPresent',
      resources: { requests: { cpu: '500m', memory: '1024Mi' }, limits: { memory: '1024Mi' } },
    });
  });

  test('waits by the sleep of its image where the cluster is too old to', () => {
    const { container } = podOf(synth({ kubernetes: { preStop: 'exec' } }));

    expect(container.lifecycle).toEqual({ preStop: { exec: { command: ['sleep', '15'] } } });
  });

  test('passes the restricted pod security standard', () => {
    expect(pod.container.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.spec).toMatchObject({ automountServiceAccountToken: false, hostNetwork: false });
    expect(one(all, 'ServiceAccount')).toMatchObject({ automountServiceAccountToken: false });
  });

  test('spreads its replicas over zones and nodes without insisting', () => {
    const wishes = pod.spec.topologySpreadConstraints?.map(
      ({ topologyKey, whenUnsatisfiable }) => `${topologyKey}: ${whenUnsatisfiable}`,
    );

    expect(wishes).toEqual(['topology.kubernetes.io/zone: ScheduleAnyway', 'kubernetes.io/hostname: ScheduleAnyway']);
  });
});

describe('the environment', () => {
  test('carries the very policy the chart was made with', () => {
    const policy = definePolicy({ heartbeatSeconds: 7, stickiness: 'none' });

    expect(policyFromEnv(synth({ policy }).configMap.data)).toEqual(policy);
    expect(policyFromEnv(configMap.data)).toEqual(props.policy);
  });

  test('lets the service listen beyond loopback', () => {
    expect(configMap.data).toMatchObject({ HOST: '0.0.0.0', PORT: '8080' });
  });

  test('admits everybody only when that was asked for', () => {
    expect(configMap.data).not.toHaveProperty('ALLOW_ANONYMOUS');
    expect(synth({ service: { allowAnonymous: true } }).configMap.data).toHaveProperty('ALLOW_ANONYMOUS', 'true');
  });

  const secret = (variable: string, name: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name, key } },
  });
  const replica = { name: 'REPLICA', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };

  test('reaches the container from the ConfigMap, and what is secret from Secrets', () => {
    expect({ envFrom: pod.container.envFrom, env: pod.container.env }).toEqual({
      envFrom: [{ configMapRef: { name: 'streams' } }],
      env: [secret('REDIS_URL', 'redis', 'url'), secret('JWT_SECRET', 'sse-kit-auth', 'JWT_SECRET'), replica],
    });
  });

  test('asks Secrets for as much as the service needs, by the keys that they have', () => {
    const { container } = podOf(
      synth({
        service: { auth: { key: 'JWT_PUBLIC_KEY' } },
        kubernetes: {
          redis: { secret: 'redis', urlKey: 'address', usernameKey: 'user', passwordKey: 'password' },
          authSecret: { name: 'keys', key: 'public.pem' },
        },
      }),
    );

    expect(container.env).toEqual([
      secret('REDIS_URL', 'redis', 'address'),
      secret('REDIS_USERNAME', 'redis', 'user'),
      secret('REDIS_PASSWORD', 'redis', 'password'),
      secret('JWT_PUBLIC_KEY', 'keys', 'public.pem'),
      replica,
    ]);
  });

  test('needs no Secret for a key set, whose address is none', () => {
    const auth = { key: 'JWKS_URL', jwksUrl: 'https://id.test/keys', issuer: 'https://id.test' } as const;
    const manifests = synth({ service: { auth } });

    expect(manifests.configMap.data).toMatchObject({ AUTH_MODE: 'jwt', JWKS_URL: 'https://id.test/keys' });
    expect(podOf(manifests).container.env).toEqual([secret('REDIS_URL', 'redis', 'url'), replica]);
  });

  test('never holds the value of a secret', () => {
    const names = Object.keys(configMap.data);

    expect(names.filter((name) => /SECRET|PASSWORD|REDIS_URL|PUBLIC_KEY/.test(name))).toEqual([]);
  });

  test('takes variables of one’s own, but has the last word about its own', () => {
    const { container } = podOf(
      synth({
        kubernetes: {
          env: { TRACE_KEY: { secret: { name: 'trace', key: 'key' } }, NODE: { field: 'spec.nodeName' } },
          envFrom: [{ configMap: 'defaults' }, { secret: 'shared' }],
        },
      }),
    );

    expect(container.env?.slice(-2)).toEqual([
      secret('TRACE_KEY', 'trace', 'key'),
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ]);
    // of equal names the last source counts
    expect(container.envFrom?.at(-1)).toEqual({ configMapRef: { name: 'streams' } });
    expect(container.envFrom).toHaveLength(3);
  });

  test('names the files of certificates where there are some, and the pods have them', () => {
    const manifests = synth({ kubernetes: { podTlsSecret: 'pod-tls', redis: { secret: 'redis', caKey: 'ca.pem' } } });
    const { spec, container } = podOf(manifests);
    const { TLS_CERT_FILE = '', TLS_KEY_FILE = '', REDIS_TLS_CA_FILE = '' } = manifests.configMap.data;
    const folders = container.volumeMounts?.map(({ mountPath }) => mountPath);

    expect([TLS_CERT_FILE, TLS_KEY_FILE, REDIS_TLS_CA_FILE].map((file) => dirname(file))).toEqual([
      folders?.[0],
      folders?.[0],
      folders?.[1],
    ]);
    expect(spec.volumes).toEqual([
      { name: 'sse-kit-tls', secret: { secretName: 'pod-tls' } },
      { name: 'sse-kit-redis-ca', secret: { secretName: 'redis', items: [{ key: 'ca.pem', path: 'ca.crt' }] } },
    ]);
    expect(container).toMatchObject({
      ports: [{ name: 'https' }],
      readinessProbe: { httpGet: { scheme: 'HTTPS' } },
      livenessProbe: { httpGet: { scheme: 'HTTPS' } },
    });
  });

  test('rolls the pods when it changes, and only then', () => {
    const checksum = (overrides: Parameters<typeof synth>[0]) =>
      podOf(synth(overrides)).metadata.annotations?.['checksum/config'];

    expect(checksum({ policy: definePolicy({ heartbeatSeconds: 9 }) })).not.toBe(checksum({}));
    expect(checksum({ kubernetes: { host: 'other.test' } })).toBe(checksum({}));
  });
});

describe('selectors', () => {
  const selector = { 'app.kubernetes.io/name': 'sse-kit', 'app.kubernetes.io/instance': 'streams' };

  test('of Deployment, Service and budget are the same fixed labels', () => {
    expect(deployment.spec.selector).toEqual({ matchLabels: selector });
    expect(service.spec.selector).toEqual(selector);
    expect(disruptionBudget.spec.selector).toEqual({ matchLabels: selector });
  });

  test('match the labels of the pods', () => {
    expect(pod.metadata.labels).toMatchObject(selector);
  });
});

test('a node upgrade takes one replica at a time, whether or not it is ready', () => {
  expect(disruptionBudget.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
});
