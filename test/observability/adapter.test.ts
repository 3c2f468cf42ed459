import { parse } from 'yaml';
import { adapterRules } from '../../lib/observability/adapter.ts';
import { alertGroups, alertRules } from '../../lib/observability/alerts.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { one, synth } from '../k8s/chart.ts';

test('the adapter serves the metric that an autoscaler asks for, by pod', () => {
  const [rule, ...more] = parse(adapterRules).rules.custom;
  const { spec } = one(synth().all, 'HorizontalPodAutoscaler') as unknown as {
    spec: { metrics: readonly { pods: { metric: { name: string } } }[] };
  };

  expect(more).toEqual([]);
  expect(rule.name.as).toBe(spec.metrics[0]?.pods.metric.name);
  expect(rule.seriesQuery).toBe(`${rule.name.as}{namespace!="",pod!=""}`);
  expect(rule.resources.overrides).toEqual({ namespace: { resource: 'namespace' }, pod: { resource: 'pod' } });
});

test('the groups of a PrometheusRule are those of the file', () => {
  const policy = definePolicy({ maxStreams: 12_345 });

  expect({ groups: alertGroups(policy) }).toEqual(parse(alertRules(policy)));
});
