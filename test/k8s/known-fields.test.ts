import { JsonPatch } from 'cdk8s';
import { patchManifest } from '../../k8s/rendered.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { synth } from './chart.ts';
import { unknownFields } from './known-fields.ts';

/** Younger than the API that the check knows: since 1.29, on by default since 1.30. */
const younger = ['Deployment.spec.template.spec.containers.lifecycle.preStop.sleep'];

test('every field of every object is one that Kubernetes knows', () => {
  const { all } = synth({ tlsSecret: 'certificate', namespace: 'live', allowAnonymous: true });

  expect(all.flatMap(unknownFields)).toEqual(younger);
});

test('every field is known when the policy leaves things out', () => {
  const { all } = synth({ policy: definePolicy({ propagationSeconds: 0, stickiness: 'none' }) });

  expect(all.flatMap(unknownFields)).toEqual([]);
});

test('a misspelt field is found, however deep it hides', () => {
  const { deployment } = synth({}, (chart) =>
    patchManifest(chart.deployment, JsonPatch.add('/spec/template/spec/containers/0/resources/limit', {})),
  );

  expect(unknownFields(deployment)).toContain('Deployment.spec.template.spec.containers.resources.limit');
});
