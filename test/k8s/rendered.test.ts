import { ApiObject, JsonPatch } from 'cdk8s';
import { numberOf, patchManifest } from '../../k8s/rendered.ts';
import type { StreamChart } from '../../k8s/stream-chart.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { podOf, synth } from './chart.ts';

const policy = definePolicy({ propagationSeconds: 0 });
const sleep = JsonPatch.add('/spec/template/spec/containers/0/lifecycle', { preStop: { sleep: { seconds: 1 } } });
const lifecycleAfter = (change: (chart: StreamChart) => void) => podOf(synth({ policy }, change)).container.lifecycle;

test('patchManifest keeps a field that the library does not know', () => {
  expect(lifecycleAfter(({ deployment }) => patchManifest(deployment, sleep))).toEqual({
    preStop: { sleep: { seconds: 1 } },
  });
});

test('addJsonPatch still loses it: once it does not, patchManifest has no reason to be', () => {
  expect(lifecycleAfter(({ deployment }) => ApiObject.of(deployment).addJsonPatch(sleep))).toEqual({ preStop: {} });
});

test('patches of both kinds work side by side', () => {
  const { spec, container } = podOf(
    synth({}, ({ deployment }) =>
      ApiObject.of(deployment).addJsonPatch(JsonPatch.add('/spec/template/spec/priorityClassName', 'streams')),
    ),
  );

  expect(spec.priorityClassName).toBe('streams');
  expect(container.lifecycle).toEqual({ preStop: { sleep: { seconds: 15 } } });
});

test('fails when a target does not render the number that is asked for', () => {
  expect(() => numberOf({ maxSurge: '25%' }, 'maxSurge')).toThrow('maxSurge (25%) must be a number');
  expect(() => numberOf({}, 'maxSurge')).toThrow('maxSurge (undefined) must be a number');
});
