import { series } from './promql.ts';

const metric = series('sse_streams_active');

/**
 * What brings the open streams of each pod into the custom metrics API, where a HorizontalPodAutoscaler finds them:
 * values for the chart of prometheus-adapter (github.com/kubernetes-sigs/prometheus-adapter, docs/config.md).
 */
export const adapterRules = `# Open streams for HorizontalPodAutoscalers, as values of prometheus-adapter's Helm chart:
#   helm upgrade prometheus-adapter prometheus-community/prometheus-adapter --reuse-values -f prometheus-adapter.yaml
# To see whether it works:
#   kubectl get --raw "/apis/custom.metrics.k8s.io/v1beta1/namespaces/NAMESPACE/pods/*/${metric}"
#
# Rendered by \`npm run render\`. KEDA needs none of this: it asks Prometheus itself.

rules:
  custom:
    # the labels namespace and pod are those that a PodMonitor gives; a series without them belongs to no pod
    - seriesQuery: '${series('sse_streams_active', 'namespace!="",pod!=""')}'
      resources:
        overrides:
          namespace: { resource: namespace }
          pod: { resource: pod }
      name: { as: ${metric} }
      # a gauge: what is open now, and no rate of it; a replica of several processes reports their sum
      metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
`;
