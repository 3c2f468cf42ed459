import { edgePeers } from '../../k8s/edge-peers.ts';
import { sections } from '../../lib/config/schema.ts';
import { kubernetes } from '../../lib/config/sections/kubernetes.ts';
import { type EdgeId, edges } from '../../lib/targets/index.ts';
import { one, podOf, synth } from './chart.ts';
import { everything, everythingBundled } from './everything.ts';
import { objections } from './restricted.ts';
import { expectValid } from './valid.ts';

const manifests = synth(everything);
const { all, deployment, service } = manifests;
const { metadata, spec } = podOf(manifests);

test('with everything on, every manifest is one that Kubernetes and the operators take', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation();

  expectValid(...all);
  expectValid(...synth(everythingBundled).all);
  warn.mockRestore();
});

test('with everything on, all pods pass the restricted pod security standard', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
  const pods = synth(everythingBundled).all.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
  warn.mockRestore();

  expect(pods.map(({ kind }) => kind)).toEqual(['Deployment', 'StatefulSet']);
  expect(pods.flatMap(objections)).toEqual([]);
});

test('the standard objects to pods that ask for more', () => {
  const bare = {
    kind: 'Pod',
    spec: { template: { spec: { containers: [{ name: 'c' }], volumes: [{ hostPath: {} }] } } },
  };

  expect(objections(bare as never)).toEqual([
    'Pod has a token',
    'Pod mounts a volume of another kind',
    'Pod c may be root',
    'Pod c has no seccomp profile',
    'Pod c may gain privileges',
    'Pod c keeps capabilities',
    'Pod c may write to its root',
  ]);
});

test('everything is what the section has, but for the switch, the edge and its host', () => {
  const open = ['enabled', 'edge', 'className', 'gateway', 'host', 'tlsSecret', 'authSecret'];
  const known = Object.keys(kubernetes.shape).filter((key) => !open.includes(key));

  expect(known.filter((key) => !(key in everything.kubernetes))).toEqual([]);
});

test('labels and annotations of the configuration are on every object, and names and namespaces are its own', () => {
  for (const { metadata } of all) {
    expect(metadata).toMatchObject({
      namespace: 'streams',
      labels: {
        'example.com/team': 'live',
        'app.kubernetes.io/name': 'events',
        'app.kubernetes.io/instance': 'live',
      },
      annotations: { 'example.com/owner': 'Team Live' },
    });
  }
  expect(metadata.labels).toMatchObject({ 'sidecar.istio.io/inject': 'false', 'example.com/team': 'live' });
  expect(metadata.annotations).toMatchObject({ 'example.com/reload': 'true' });
  expect(service.metadata.annotations).toMatchObject({ 'example.com/service': 'yes' });
});

test('no label of the configuration gets between a Deployment and its pods', () => {
  const selector = { 'app.kubernetes.io/name': 'events', 'app.kubernetes.io/instance': 'live' };

  expect(deployment.spec.selector).toEqual({ matchLabels: selector });
  expect(podOf(synth({ kubernetes: { podLabels: { 'app.kubernetes.io/name': 'x' } } })).metadata.labels).toMatchObject({
    'app.kubernetes.io/name': 'sse-kit',
  });
});

test('the pods are placed as they are told', () => {
  const { nodeSelector, tolerations, affinity, priorityClassName, imagePullSecrets, serviceAccountName } = spec;

  expect({ nodeSelector, tolerations, affinity, priorityClassName, imagePullSecrets, serviceAccountName }).toEqual({
    nodeSelector: everything.kubernetes.nodeSelector,
    tolerations: everything.kubernetes.tolerations,
    affinity: everything.kubernetes.affinity,
    priorityClassName: 'streams',
    imagePullSecrets: [{ name: 'registry' }],
    serviceAccountName: 'live-pods',
  });
  expect(spec.topologySpreadConstraints?.map(({ whenUnsatisfiable }) => whenUnsatisfiable)).toEqual([
    'DoNotSchedule',
    'DoNotSchedule',
  ]);
  expect(podOf(synth({ kubernetes: { spread: 'none' } })).spec.topologySpreadConstraints).toBeUndefined();
});

test('volumes come with their place in the container, beside those of the kit', () => {
  const { container } = podOf(manifests);

  expect(spec.volumes?.at(-1)).toEqual({ name: 'scratch', emptyDir: { sizeLimit: '64Mi' } });
  expect(container.volumeMounts?.at(-1)).toEqual({ name: 'scratch', mountPath: '/tmp', readOnly: false });
});

test('a ServiceAccount of somebody else is used, and not made', () => {
  const { all, ...rest } = synth({ kubernetes: { serviceAccount: { create: false, name: 'shared' } } });

  expect(all.some(({ kind }) => kind === 'ServiceAccount')).toBe(false);
  expect(podOf({ all, ...rest }).spec.serviceAccountName).toBe('shared');
});

describe('the network policy', () => {
  test('lets in the edge and the monitoring, and lets out to names, the store and the issuer of keys', () => {
    expect(one(all, 'NetworkPolicy', 'live')).toMatchObject({
      spec: {
        podSelector: deployment.spec.selector,
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { from: everything.kubernetes.networkPolicies.from, ports: [{ protocol: 'TCP', port: 8080 }] },
          {
            from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } } }],
            ports: [{ protocol: 'TCP', port: 8080 }],
          },
        ],
        egress: [
          {
            ports: [
              { protocol: 'UDP', port: 53 },
              { protocol: 'TCP', port: 53 },
            ],
          },
          { ports: [{ protocol: 'TCP', port: 6380 }] },
          { ports: [{ protocol: 'TCP', port: 8443 }] },
          { ports: [{ protocol: 'TCP', port: 4318 }] },
        ],
      },
    });
  });

  test('lets out to no issuer where the key is at hand', () => {
    expect(one(synth().all, 'NetworkPolicy')).toMatchObject({ spec: { egress: [{}, {}] } });
  });

  test('is left out where that was asked for', () => {
    const { all } = synth({ kubernetes: { networkPolicies: { enabled: false } } });

    expect(all.some(({ kind }) => kind === 'NetworkPolicy')).toBe(false);
  });

  test('knows where each edge runs', () => {
    for (const edge of Object.keys(edges) as EdgeId[])
      expect(edgePeers({ kubernetes: { ...sections.parse({}).kubernetes, edge } })).not.toEqual([]);
  });
});

test('monitoring is there when it is asked for, and carries the labels that an operator selects by', () => {
  expect(
    all.filter(({ metadata }) => metadata.labels.release).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  ).toEqual(['PodMonitor live', 'PrometheusRule live', 'ConfigMap live-dashboard']);
  expect(one(all, 'ConfigMap', 'live-dashboard').metadata.labels).toHaveProperty('grafana_dashboard', '1');
  expect(one(all, 'PodMonitor', 'live')).toMatchObject({
    spec: {
      selector: deployment.spec.selector,
      podMetricsEndpoints: [{ port: podOf(manifests).container.ports?.[0]?.name, scheme: 'https' }],
    },
  });
});
