import type { Release } from './release.ts';

/** Who may connect to the pods, as a NetworkPolicy has it: pods of a namespace, or addresses. */
export type Peers = readonly object[];

const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});

const namespace = (name: string) => (): Peers => [inNamespace(name)];

const addresses =
  (...blocks: readonly string[]) =>
  (): Peers =>
    blocks.map((cidr) => ({ ipBlock: { cidr } }));

/** Proxies that a controller runs beside their Gateway, in its namespace; the label is of Gateway API's GEP-1762. */
const besideGateway = ({ gateway }: Release['kubernetes']): Peers => [
  {
    ...(gateway?.namespace !== undefined && inNamespace(gateway.namespace)),
    podSelector: { matchExpressions: [{ key: 'gateway.networking.k8s.io/gateway-name', operator: 'Exists' }] },
  },
];

/** Where each edge's proxies run when it is installed as its documentation says. */
const peersOf: Readonly<Record<string, (kubernetes: Release['kubernetes']) => Peers>> = {
  'ingress-nginx': namespace('ingress-nginx'),
  'nginx-ingress': namespace('nginx-ingress'),
  traefik: namespace('traefik'),
  'haproxy-ingress': namespace('haproxy-controller'),
  // load balancers of the VPC, whose addresses only the account knows: all private ones
  'aws-load-balancer-controller': addresses('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'),
  // Google's own front ends (cloud.google.com/load-balancing/docs/firewall-rules)
  'gke-gateway': addresses('35.191.0.0/16', '130.211.0.0/22'),
  'envoy-gateway': namespace('envoy-gateway-system'),
  'nginx-gateway-fabric': besideGateway,
  istio: besideGateway,
  contour: namespace('projectcontour'),
  kong: namespace('kong'),
};

/**
 * What the configuration says, else where the edge usually is.
 *
 * @throws Error for an edge that no place is known of: a policy that lets nobody in would look like an outage.
 */
export function edgePeers({ kubernetes }: Pick<Release, 'kubernetes'>): Peers {
  const { edge, networkPolicies } = kubernetes;
  const peers = networkPolicies.from ?? peersOf[edge]?.(kubernetes);
  if (peers === undefined)
    throw new Error(`kubernetes.networkPolicies.from must say where ${edge} runs: no usual place of it is known`);
  return peers;
}
