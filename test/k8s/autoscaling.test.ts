import { definePolicy } from '../../lib/policy/index.ts';
import { one, synth } from './chart.ts';
import { everything } from './everything.ts';

const slowly = (seconds: number, period: number) => ({
  scaleDown: {
    stabilizationWindowSeconds: seconds,
    selectPolicy: 'Min',
    policies: [{ type: 'Pods', value: 1, periodSeconds: period }],
  },
});

test('replicas follow the open streams, up at once and down slowly', () => {
  const { all, deployment } = synth();

  expect(one(all, 'HorizontalPodAutoscaler')).toMatchObject({
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata.name },
      minReplicas: 3,
      maxReplicas: 10,
      metrics: [
        {
          type: 'Pods',
          pods: { metric: { name: 'sse_streams_active' }, target: { type: 'AverageValue', averageValue: '10000' } },
        },
      ],
      behavior: slowly(3600, 55),
    },
  });
});

test('the pace follows the policy, as far as Kubernetes looks back', () => {
  const behavior = (overrides: Parameters<typeof definePolicy>[0]) =>
    one(synth({ policy: definePolicy(overrides) }).all, 'HorizontalPodAutoscaler');

  expect(behavior({ maxStreamAgeSeconds: 900, stickiness: 'none', drainSeconds: 60 })).toMatchObject({
    spec: { behavior: slowly(900, 85) },
  });
  expect(behavior({ maxStreamAgeSeconds: 7200 })).toMatchObject({ spec: { behavior: slowly(3600, 55) } });
});

test('KEDA asks Prometheus for the same, and takes no answer for no load', () => {
  const { all } = synth(everything);

  expect(all.some(({ kind }) => kind === 'HorizontalPodAutoscaler')).toBe(false);
  expect(one(all, 'ScaledObject', 'live')).toMatchObject({
    spec: {
      scaleTargetRef: { name: 'live' },
      minReplicaCount: 3,
      maxReplicaCount: 12,
      advanced: { horizontalPodAutoscalerConfig: { behavior: slowly(3600, 55) } },
      triggers: [
        {
          type: 'prometheus',
          metricType: 'AverageValue',
          metadata: {
            serverAddress: 'http://prometheus.observability:9090',
            query: 'sum(sse_streams_active{namespace="streams",pod=~"live-[a-z0-9]+-[a-z0-9]+"})',
            threshold: '10000',
            ignoreNullValues: 'false',
          },
        },
      ],
    },
  });
});

test('the number of replicas is left to whoever scales, and fixed where nobody does', () => {
  const replicas = (overrides: Parameters<typeof synth>[0]) => {
    const { all, deployment } = synth(overrides);
    return [deployment.spec.replicas, all.filter(({ kind }) => /Autoscaler|ScaledObject/.test(kind)).length];
  };

  expect(replicas({})).toEqual([undefined, 1]);
  expect(replicas({ kubernetes: { autoscaling: 'none' } })).toEqual([3, 0]);
  expect(replicas({ service: { replicas: { min: 4, max: 4 } } })).toEqual([4, 0]);
});
