import { HttpIngressPathType, Ingress, IngressBackend, Secret, type Service } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { StreamPolicy } from '../lib/policy/index.ts';
import { ingressNginx, ingressNginxPrefix } from '../lib/targets/index.ts';

interface EdgeTraits {
  readonly className: string;
  readonly annotations: (policy: StreamPolicy) => Record<string, string>;
}

/** What the chart knows to write for each thing that can stand in front of the service. */
const edges = {
  'ingress-nginx': {
    className: 'nginx',
    annotations: (policy) =>
      Object.fromEntries(
        Object.entries(ingressNginx.render(policy).annotations).map(([key, value]) => [
          `${ingressNginxPrefix}${key}`,
          String(value),
        ]),
      ),
  },
} as const satisfies Record<string, EdgeTraits>;

export type Edge = keyof typeof edges;

export interface StreamIngressProps {
  readonly policy: StreamPolicy;
  readonly name: string;
  readonly host: string;
  readonly tlsSecret?: string | undefined;
  readonly edge: Edge;
  readonly service: Service;
}

/** Leads everything under the host to the service: streams, their fallbacks and the page share their settings. */
export function streamIngress(scope: Construct, props: StreamIngressProps): Ingress {
  const { name, host, tlsSecret, policy, service } = props;
  const edge = edges[props.edge];
  const ingress = new Ingress(scope, 'ingress', {
    metadata: { name, annotations: edge.annotations(policy) },
    className: edge.className,
  });
  ingress.addHostRule(host, '/', IngressBackend.fromService(service), HttpIngressPathType.PREFIX);
  if (tlsSecret) {
    ingress.addTls([{ hosts: [host], secret: Secret.fromSecretName(scope, 'certificate', tlsSecret) }]);
  }
  return ingress;
}
