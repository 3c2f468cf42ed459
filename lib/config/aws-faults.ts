import type { Fault } from '../policy/index.ts';
import { authModeOf } from '../targets/service-environment.ts';
import type { Sections } from './schema.ts';

/** Faults between keys of the aws section that are each right by themselves. */
export function awsFaults(aws: Sections['aws'], service: Sections['service']): readonly Fault[] {
  return [
    ...gatewayFaults(aws),
    ...domainFaults(aws),
    ...edgeFaults(aws),
    ...vpcFaults(aws),
    ...keyFaults(aws, service),
  ];
}

function fault(fields: readonly string[], message: string): Fault {
  return { rule: 'config', fields, message };
}

/** Where a stage decides one of the two, the network stack finds out. */
function gatewayFaults({ natGateways, maxAzs }: Sections['aws']): readonly Fault[] {
  if (natGateways === undefined || maxAzs === undefined || natGateways <= maxAzs) return [];
  const message = `aws.natGateways (${natGateways}) must be at most aws.maxAzs (${maxAzs}), one a zone; lower aws.natGateways to ${maxAzs}`;
  return [fault(['aws.natGateways', 'aws.maxAzs'], message)];
}

function domainFaults({ domainName, hostedZone, certificateArn }: Sections['aws']): readonly Fault[] {
  if (domainName === undefined) {
    if (hostedZone === undefined) return [];
    const message = `aws.hostedZone (${hostedZone.name}) must come with aws.domainName, the name to put into it`;
    return [fault(['aws.hostedZone', 'aws.domainName'], message)];
  }
  if (hostedZone === undefined && certificateArn === undefined) {
    const message = `aws.domainName (${domainName}) must come with aws.hostedZone, in which it gets its record and proves itself to ACM, or with aws.certificateArn`;
    return [fault(['aws.domainName', 'aws.hostedZone', 'aws.certificateArn'], message)];
  }
  if (hostedZone === undefined || domainName === hostedZone.name || domainName.endsWith(`.${hostedZone.name}`))
    return [];
  const message = `aws.domainName (${domainName}) must be in aws.hostedZone.name (${hostedZone.name}), or end in .${hostedZone.name}`;
  return [fault(['aws.domainName', 'aws.hostedZone.name'], message)];
}

/** CloudFront reaches an internal balancer, and its certificates are those of us-east-1. */
function edgeFaults({ edge, internetFacing, domainName, certificateArn }: Sections['aws']): readonly Fault[] {
  if (edge === 'none') return [];
  const wrongRegion = certificateArn !== undefined && certificateArn.split(':')[3] !== 'us-east-1';
  return [
    ...(internetFacing
      ? [
          fault(
            ['aws.internetFacing', 'aws.edge'],
            'aws.internetFacing (true) must be false with aws.edge (cloudfront), which reaches the balancer inside the VPC; a public one could be reached around it',
          ),
        ]
      : []),
    ...(domainName !== undefined && certificateArn === undefined
      ? [
          fault(
            ['aws.certificateArn', 'aws.domainName', 'aws.edge'],
            `aws.certificateArn (none) must name a certificate of us-east-1 for aws.domainName (${domainName}), which CloudFront needs with aws.edge (cloudfront)`,
          ),
        ]
      : []),
    ...(wrongRegion
      ? [
          fault(
            ['aws.certificateArn', 'aws.edge'],
            `aws.certificateArn (${certificateArn}) must be of us-east-1, the only region whose certificates CloudFront takes`,
          ),
        ]
      : []),
  ];
}

function vpcFaults({ existing: { vpc }, internetFacing }: Sections['aws']): readonly Fault[] {
  if (vpc === undefined) return [];
  const zones = vpc.availabilityZones.length;
  const faults = (['privateSubnetIds', 'publicSubnetIds'] as const).flatMap((name) => {
    const count = vpc[name]?.length ?? zones;
    const path = `aws.existing.vpc.${name}`;
    if (count === zones) return [];
    const message = `${path} (${count} of them) must be as many as aws.existing.vpc.availabilityZones (${zones}), one a zone and in their order`;
    return [fault([path, 'aws.existing.vpc.availabilityZones'], message)];
  });
  if (!internetFacing || vpc.publicSubnetIds !== undefined) return faults;
  const path = 'aws.existing.vpc.publicSubnetIds';
  const message = `${path} (none) must name the subnets of the balancer, which aws.internetFacing (true) makes public`;
  return [...faults, fault([path, 'aws.internetFacing'], message)];
}

/** A secret can be drawn; a public key is somebody's. */
function keyFaults(
  { existing: { authSecret } }: Sections['aws'],
  { auth, allowAnonymous }: Sections['service'],
): readonly Fault[] {
  const mode = authModeOf({ auth, allowAnonymous });
  if (mode === 'none' || auth.key !== 'JWT_PUBLIC_KEY' || authSecret !== undefined) return [];
  const message =
    'service.auth.key (JWT_PUBLIC_KEY) must come with aws.existing.authSecret, the secret that holds the key';
  return [fault(['service.auth.key', 'aws.existing.authSecret'], message)];
}
