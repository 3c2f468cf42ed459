import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { edgePeers } from './edge-peers.ts';
import { containerPort } from './environment.ts';
import { selectorOf, storeSelectorOf } from './labels.ts';
import type { Release } from './release.ts';

const tcp = (...ports: readonly number[]) => ports.map((port) => ({ protocol: 'TCP', port }));

/**
 * All that may reach the pods, and all that they may reach: whatever is not listed is denied, for the policy names both
 * directions. Replicas do not talk to each other, only to the store. Probes come from the node and are not held up.
 */
export function networkPolicy(scope: Construct, release: Release): ApiObject {
  const { name, networkPolicies } = release.kubernetes;
  const monitoring = { 'kubernetes.io/metadata.name': networkPolicies.monitoringNamespace };
  return new ApiObject(scope, 'network-policy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec: {
      podSelector: { matchLabels: selectorOf(release) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: edgePeers(release), ports: tcp(containerPort) },
        { from: [{ namespaceSelector: { matchLabels: monitoring } }], ports: tcp(containerPort) },
      ],
      egress: [
        // names are asked for wherever the cluster has its servers, on the node itself with NodeLocal DNSCache
        { ports: [{ protocol: 'UDP', port: 53 }, ...tcp(53)] },
        toStore(release),
        ...toKeySet(release),
        ...networkPolicies.egress,
      ],
    },
  });
}

function toStore(release: Release): object {
  const { redis } = release.kubernetes;
  // where a store of one's own is, only the Secret knows
  if (!redis.bundled) return { ports: tcp(...redis.ports) };
  return { to: [{ podSelector: { matchLabels: storeSelectorOf(release) } }], ports: tcp(6379) };
}

/** The issuer of tokens, whose address is not ours to know: its port. */
function toKeySet({ service: { auth } }: Release): readonly object[] {
  if (auth.jwksUrl === undefined) return [];
  const { port, protocol } = new URL(auth.jwksUrl);
  return [{ ports: tcp(Number(port) || (protocol === 'http:' ? 80 : 443)) }];
}
