import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { alertGroups } from '../lib/observability/alerts.ts';
import { dashboard } from '../lib/observability/dashboard.ts';
import { portNameOf } from './deployment.ts';
import { labelsOf, selectorOf } from './labels.ts';
import { namesOf } from './names.ts';
import type { Release } from './release.ts';

/** What the monitoring of the cluster is given, as far as the configuration asks for it. */
export function monitoring(scope: Construct, release: Release): readonly ApiObject[] {
  const { monitoring: wanted } = release.kubernetes;
  return (Object.keys(parts) as (keyof typeof parts)[])
    .filter((part) => wanted[part])
    .map((part) => new ApiObject(scope, part, parts[part](release)));
}

const parts = {
  /** Pods rather than the Service: a replica that drains is no endpoint any more, and is watched all the more. */
  podMonitor: (release: Release) => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: metadataOf(release),
    spec: { selector: { matchLabels: selectorOf(release) }, podMetricsEndpoints: [endpoint(release)] },
  }),
  rules: (release: Release) => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: metadataOf(release),
    spec: { groups: alertGroups(release.policy) },
  }),
  /** Grafana's sidecar looks for the label (github.com/grafana/helm-charts, sidecar.dashboards.label). */
  dashboard: (release: Release) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...metadataOf(release),
      name: namesOf(release).dashboard,
      labels: { ...metadataOf(release).labels, grafana_dashboard: '1' },
    },
    data: { 'sse-kit-dashboard.json': dashboard(release.policy) },
  }),
};

const metadataOf = (release: Release) => ({
  name: release.kubernetes.name,
  labels: { ...release.kubernetes.monitoring.labels, ...labelsOf(release) },
});

function endpoint(release: Release): object {
  const port = portNameOf(release);
  const common = { port, path: '/metrics', interval: '15s' };
  // the certificate is for the name that clients use, and not for the addresses of pods
  return port === 'https' ? { ...common, scheme: 'https', tlsConfig: { insecureSkipVerify: true } } : common;
}
