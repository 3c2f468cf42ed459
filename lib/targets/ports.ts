import { type PolicyRule, policyRule } from '../policy/index.ts';
import { portsPerReplica } from './proxies.ts';

/** The limit of every proxy that connects to a replica once per stream, from one address. */
export const portsLimit = (
  target: string,
  title: string,
  why = 'the next stream cannot be connected to the replica: "Cannot assign requested address"',
): PolicyRule =>
  policyRule({
    id: `${target}-ports-per-replica`,
    why,
    source: 'docs.kernel.org/networking/ip-sysctl.html: ip_local_port_range',
    fields: ['maxStreams'],
    broken: ({ maxStreams }) =>
      maxStreams > portsPerReplica &&
      `maxStreams (${maxStreams}) must be at most ${portsPerReplica}: one ${title} address has no more ports towards one replica; lower maxStreams to ${portsPerReplica} and run more replicas`,
  });
