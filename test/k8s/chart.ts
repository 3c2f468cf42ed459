import { App } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import { StreamChart, type StreamChartProps } from '../../k8s/stream-chart.ts';
import { definePolicy } from '../../lib/policy/index.ts';

export const props: StreamChartProps = {
  policy: definePolicy(),
  name: 'streams',
  image: 'registry.test/sse:1.2.3',
  replicas: 3,
  cpuMillis: 500,
  memoryMiB: 1024,
  host: 'sse.test',
  redisSecret: { name: 'redis', key: 'url' },
  edge: 'ingress-nginx',
  allowAnonymous: false,
};

/** A manifest as far as the tests look into all of them. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations: Record<string, string>;
  };
}

/** The typed shapes of the API; where it allows a number or a string, the manifest holds the bare value. */
export interface Manifests {
  readonly all: readonly Manifest[];
  readonly configMap: Manifest & { readonly data: Record<string, string> };
  readonly deployment: Manifest & { readonly spec: k8s.DeploymentSpec };
  readonly service: Manifest & { readonly spec: k8s.ServiceSpec };
  readonly ingress: Manifest & { readonly spec: k8s.IngressSpec };
  readonly disruptionBudget: Manifest & { readonly spec: k8s.PodDisruptionBudgetSpec };
}

/** The manifests of one chart; `change` may go on from the chart before it is synthesized. */
export function synth(overrides: Partial<StreamChartProps> = {}, change?: (chart: StreamChart) => void): Manifests {
  const chart = new StreamChart(new App(), 'stream', { ...props, ...overrides });
  change?.(chart);
  const all: Manifest[] = chart.toJson();
  const only = <T extends Manifest>(kind: string): T => {
    const [found, ...more] = all.filter((manifest) => manifest.kind === kind);
    if (!found || more.length > 0) throw new Error(`${all.length} manifests must hold exactly one ${kind}`);
    return found as T;
  };
  return {
    all,
    configMap: only('ConfigMap'),
    deployment: only('Deployment'),
    service: only('Service'),
    ingress: only('Ingress'),
    disruptionBudget: only('PodDisruptionBudget'),
  };
}

/** The pod template of a Deployment and its only container. */
export function podOf({ deployment }: Manifests) {
  const { metadata, spec } = deployment.spec.template;
  const [container, ...more] = spec?.containers ?? [];
  if (!metadata || !spec || !container || more.length > 0) throw new Error('a pod must have exactly one container');
  return { metadata, spec, container };
}
