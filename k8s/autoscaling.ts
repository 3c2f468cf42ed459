import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { kubernetes as target } from '../lib/targets/index.ts';
import type { Values } from '../lib/targets/settings.ts';
import type { Release } from './release.ts';
import { numberOf } from './rendered.ts';

const metric = 'sse_streams_active';

/**
 * Replicas by open streams: CPU says little of streams that are silent, and requests say nothing, for a stream is one
 * however long it lives. Up at once, down one replica at a time and not before streams have had time to spread.
 */
export function autoscaler(scope: Construct, release: Release): ApiObject {
  const { autoscaling: numbers } = target.render(release.policy);
  const manifest = release.kubernetes.autoscaling === 'keda' ? scaledObject : horizontalPodAutoscaler;
  return new ApiObject(scope, 'autoscaler', {
    metadata: { name: release.kubernetes.name },
    ...manifest(release, numbers),
  });
}

/** Needs sse_streams_active in the custom metrics API; without it nothing is scaled, and nothing is taken away. */
function horizontalPodAutoscaler({ service: { replicas }, kubernetes: { name } }: Release, numbers: Values) {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: replicas.min,
      maxReplicas: replicas.max,
      metrics: [
        {
          type: 'Pods',
          pods: {
            metric: { name: metric },
            target: { type: 'AverageValue', averageValue: String(numberOf(numbers, 'targetAverageStreams')) },
          },
        },
      ],
      behavior: behavior(numbers),
    },
  };
}

/** The same through KEDA, which asks Prometheus itself and makes the HPA. No fallback: one would cut streams. */
function scaledObject(release: Release, numbers: Values) {
  const { service, kubernetes } = release;
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    spec: {
      scaleTargetRef: { name: kubernetes.name },
      minReplicaCount: service.replicas.min,
      maxReplicaCount: service.replicas.max,
      advanced: { horizontalPodAutoscalerConfig: { behavior: behavior(numbers) } },
      triggers: [
        {
          type: 'prometheus',
          metricType: 'AverageValue',
          metadata: {
            serverAddress: kubernetes.monitoring.prometheus,
            query: `sum(${metric}{${podsOf(release)}})`,
            threshold: String(numberOf(numbers, 'targetAverageStreams')),
            // nothing measured is an error and not a load of zero, which would take replicas away (default: true)
            ignoreNullValues: 'false',
          },
        },
      ],
    },
  };
}

const behavior = (numbers: Values) => ({
  scaleDown: {
    stabilizationWindowSeconds: numberOf(numbers, 'scaleDownStabilizationSeconds'),
    selectPolicy: 'Min',
    policies: [
      {
        type: 'Pods',
        value: numberOf(numbers, 'scaleDownPods'),
        periodSeconds: numberOf(numbers, 'scaleDownPeriodSeconds'),
      },
    ],
  },
});

/** By the labels that Prometheus gives to what it finds through a PodMonitor. */
function podsOf({ kubernetes: { name, namespace } }: Release): string {
  const pod = `pod=~"${name}-[a-z0-9]+-[a-z0-9]+"`;
  return namespace === undefined ? pod : `namespace="${namespace}",${pod}`;
}
