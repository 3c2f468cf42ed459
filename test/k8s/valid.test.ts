import { definePolicy } from '../../lib/policy/index.ts';
import { synth } from './chart.ts';
import { expectValid, faultsIn } from './valid.ts';

const { deployment } = synth();

/** A copy with something changed deep inside. */
function changed(path: readonly (string | number)[], value: unknown): typeof deployment {
  const copy = structuredClone(deployment);
  const [last = '', ...way] = [...path].reverse();
  const place = way.reverse().reduce((node, key) => Reflect.get(node as object, key), copy as unknown);
  Reflect.set(place as object, last, value);
  return copy;
}

const container = ['spec', 'template', 'spec', 'containers', 0] as const;

test.each([
  [
    'a misspelt field, however deep it hides',
    [...container, 'resources', 'limit'],
    {},
    'Deployment.spec.template.spec.containers[0].resources.limit is not a field of the API',
  ],
  ['a field of another object', ['metadata', 'labls'], {}, 'Deployment.metadata.labls is not a field of the API'],
  ['a number that is text', ['spec', 'minReadySeconds'], '5', 'Deployment: data/spec/minReadySeconds must be integer'],
  ['a value that is not on the list', [...container, 'imagePullPolicy'], 'Sometimes', /imagePullPolicy/],
  ['a missing field', [...container, 'name'], undefined, /must have required property name/],
])('finds %s', (_, path, value, fault) => {
  const found = faultsIn(changed(path, value));

  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(fault);
});

test.each([
  [
    'keda.sh/v1alpha1',
    'ScaledObject',
    { scaleTargetRef: { name: 'x', nmae: 'x' }, triggers: [] },
    'scaleTargetRef.nmae',
  ],
  [
    'monitoring.coreos.com/v1',
    'PodMonitor',
    { selector: {}, podMetricsEndpoints: [{ prot: 'http' }] },
    'podMetricsEndpoints[0].prot',
  ],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute', { rules: [{ timeout: {} }] }, 'rules[0].timeout'],
  ['networking.istio.io/v1beta1', 'DestinationRule', { host: 'x', trafficPolicy: { idle: 1 } }, 'trafficPolicy.idle'],
])('finds a field that %s %s does not have', (apiVersion, kind, spec, path) => {
  expect(faultsIn({ apiVersion, kind, ...{ metadata: { name: 'x' }, spec } })).toEqual([
    `${kind}.spec.${path} is not a field of the API`,
  ]);
});

test('lets labels and annotations be what they like', () => {
  expect(faultsIn(changed(['metadata', 'annotations'], { 'example.com/anything': 'x' }))).toEqual([]);
});

test('fails on a kind that it has no schema for', () => {
  expect(() => faultsIn({ apiVersion: 'example.com/v1', kind: 'Thing' })).toThrow('example.com/v1 Thing has no schema');
});

test('finds nothing in a chart, whether the policy says much or little', () => {
  expectValid(...synth({ kubernetes: { tlsSecret: 'certificate', namespace: 'live' } }).all);
  expectValid(...synth({ policy: definePolicy({ propagationSeconds: 0, stickiness: 'none' }) }).all);
});
