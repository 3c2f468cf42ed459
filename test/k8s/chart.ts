import { App } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import { StreamChart, type StreamChartProps } from '../../k8s/stream-chart.ts';
import { definePolicy } from '../../lib/policy/index.ts';

/** What the charts of the tests are made from, unless a test says otherwise. */
export const props = {
  policy: definePolicy(),
  service: { image: 'registry.test/sse:1.2.3', replicas: { min: 3 } },
  kubernetes: { edge: 'ingress-nginx', name: 'streams', host: 'sse.test', redis: { secret: 'redis' } },
} satisfies StreamChartProps;

/** A manifest as far as the tests look into all of them. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations: Record<string, string>;
    readonly labels: Record<string, string>;
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

/** The manifests of one chart, its sections changed by key; `change` may go on from the chart before it is synthesized. */
export function synth(overrides: StreamChartProps = {}, change?: (chart: StreamChart) => void): Manifests {
  const chart = new StreamChart(new App(), 'stream', {
    policy: overrides.policy ?? props.policy,
    service: { ...props.service, ...overrides.service },
    kubernetes: { ...props.kubernetes, ...overrides.kubernetes },
  });
  change?.(chart);
  const all: Manifest[] = chart.toJson();
  const only = <T extends Manifest>(kind: string): T => one(all, kind, overrides.kubernetes?.name ?? 'streams') as T;
  return {
    all,
    configMap: only('ConfigMap'),
    deployment: only('Deployment'),
    service: only('Service'),
    // not every edge has one
    get ingress() {
      return only<Manifests['ingress']>('Ingress');
    },
    disruptionBudget: only('PodDisruptionBudget'),
  };
}

/** The only manifest of a kind and a name. */
export function one(all: readonly Manifest[], kind: string, name = 'streams'): Manifest {
  const [found, ...more] = all.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found || more.length > 0) throw new Error(`${all.length} manifests must hold exactly one ${kind} ${name}`);
  return found;
}

/** The pod template of a Deployment and its only container. */
export function podOf({ deployment }: Manifests) {
  const { metadata, spec } = deployment.spec.template;
  const [container, ...more] = spec?.containers ?? [];
  if (!metadata || !spec || !container || more.length > 0) throw new Error('a pod must have exactly one container');
  return { metadata, spec, container };
}
