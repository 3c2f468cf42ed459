import { alb, kindOfProtocol, readBalancer, readNlbListener, readTargetGroup } from '../../targets/index.ts';
import type { Path, Reading } from './reading.ts';
import type { Resource } from './template.ts';
import { attributes, isOpaque, type Known, pick, together } from './values.ts';

/** The attribute list of a resource, under the name that it has there. */
function bagOf({ properties }: Resource, name: string): Known & { readonly attributesAt: string } {
  const value = properties[name];
  const read = isOpaque(value) ? { values: {}, unresolved: [name] } : attributes(value);
  return { ...read, attributesAt: `Properties.${name}` };
}

function balancer(resource: Resource, { queryTokens }: Path): readonly Reading[] {
  const { attributesAt, ...own } = bagOf(resource, 'LoadBalancerAttributes');
  const kind = pick(resource.properties, 'Type');
  const isApplication = (kind.values.Type ?? 'application') === 'application';
  return [
    {
      ...together(kind, own),
      at: 'Properties',
      attributesAt,
      ...(isApplication && { hop: readBalancer(own.values, queryTokens), target: alb }),
    },
  ];
}

function targetGroup(resource: Resource): readonly Reading[] {
  const { attributesAt, ...own } = bagOf(resource, 'TargetGroupAttributes');
  const rest = pick(
    resource.properties,
    'Protocol',
    'TargetType',
    'HealthCheckIntervalSeconds',
    'HealthCheckTimeoutSeconds',
    'HealthyThresholdCount',
    'UnhealthyThresholdCount',
  );
  const carriesStreams =
    kindOfProtocol[String(rest.values.Protocol)] === 'application' && rest.values.TargetType !== 'lambda';
  return [
    {
      ...together(rest, own),
      at: 'Properties',
      attributesAt,
      ...(carriesStreams && { hop: readTargetGroup(own.values) }),
    },
  ];
}

/** A listener's idle timer is one of TCP; what UDP forgets is no stream. */
const streamProtocols = ['TCP', 'TLS', 'TCP_UDP'];

function listener(resource: Resource): readonly Reading[] {
  const { attributesAt, ...own } = bagOf(resource, 'ListenerAttributes');
  const protocol = pick(resource.properties, 'Protocol');
  return [
    {
      ...together(protocol, own),
      at: 'Properties',
      attributesAt,
      ...(streamProtocols.includes(String(protocol.values.Protocol)) && { hop: readNlbListener(own.values) }),
    },
  ];
}

/** Elastic Load Balancing: which kind of balancer it is says the resource itself, by type or protocol. */
export const elbReaders = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::ElasticLoadBalancingV2::TargetGroup': targetGroup,
  'AWS::ElasticLoadBalancingV2::Listener': listener,
};
