import { Fn, Stack, type StackProps } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Vpc,
  type VpcProps,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { PolicyError } from '../policy/index.ts';
import { accept } from './accept.ts';
import { logGroup } from './logs.ts';

export interface NetworkStackProps extends StackProps {
  /** Zones the VPC spans; a deployment to a region that has fewer fails. @default 2 */
  readonly maxAzs?: number;
  /** NAT gateways, at most one a zone; with none, tasks reach AWS through endpoints and nothing else. @default - one a zone */
  readonly natGateways?: number;
  /** Address range of the VPC. @default '10.0.0.0/16' */
  readonly cidr?: string;
  /** Which connections are written down. @default 'rejected' */
  readonly flowLogs?: 'rejected' | 'all';
  /** Days for which they are kept. @default 7 */
  readonly logDays?: number;
  /** The flow log outlives the stack. @default false */
  readonly retainData?: boolean;
  /** Any other property of the VPC; wins over what this stack sets. @default - none */
  readonly vpcProps?: Partial<VpcProps>;
}

/** Zones whose addresses are kept free, so that a VPC that grows by a zone moves no subnet. */
const mostZones = 6;

/** The VPC that cache and service live in: public subnets for a public balancer, private ones for everything else. */
export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  private readonly zones: number;

  constructor(scope: Construct, id: string, props: NetworkStackProps = {}) {
    const { maxAzs = 2, natGateways = maxAzs, cidr = '10.0.0.0/16', vpcProps, ...rest } = props;
    const { flowLogs = 'rejected', logDays = 7, retainData = false, ...stackProps } = rest;
    super(scope, id, stackProps);
    this.zones = maxAzs;
    if (natGateways > maxAzs) throw tooManyGateways(natGateways, maxAzs);
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(cidr),
      maxAzs,
      reservedAzs: mostZones - maxAzs,
      natGateways,
      // Nothing here uses the default security group, and emptying it takes a Lambda function with rights on security
      // groups. Whoever is audited for an empty one (CIS 5.4) sets this to true in vpcProps.
      restrictDefaultSecurityGroup: false,
      ...vpcProps,
    });
    vpc.addFlowLog('Flow', {
      destination: FlowLogDestination.toCloudWatchLogs(logGroup(this, 'FlowLogs', { logDays, retainData })),
      trafficType: flowLogs === 'all' ? FlowLogTrafficType.ALL : FlowLogTrafficType.REJECT,
    });
    // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    this.vpc = vpc as IVpc;
    if (natGateways === 0) addEndpoints(this.vpc);
  }

  /** Without an account and region CDK knows of two zones only and would quietly leave the others out. */
  override get availabilityZones(): string[] {
    return Array.from({ length: this.zones }, (_, zone) => Fn.select(zone, Fn.getAzs()));
  }
}

/** CDK would create as many as there are zones and say nothing. */
function tooManyGateways(natGateways: number, maxAzs: number): PolicyError {
  const message = `natGateways (${natGateways}) must be at most maxAzs (${maxAzs}), one a zone; lower natGateways to ${maxAzs}`;
  return new PolicyError('the network does not hold', [{ rule: 'config', fields: ['natGateways', 'maxAzs'], message }]);
}

/** What a Fargate task needs to start without a way out: its image (whose layers are in S3), its secrets and its log. */
function addEndpoints(vpc: IVpc): void {
  const group = new SecurityGroup(vpc, 'Endpoints', { vpc, description: 'endpoints of AWS', allowAllOutbound: false });
  group.addIngressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.HTTPS, 'whoever is in the VPC');
  accept(group, {
    'AwsSolutions-EC23': 'the rule cannot read a range that is a reference; it is that of the VPC itself',
  });
  vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
  for (const [id, service] of Object.entries(services))
    vpc.addInterfaceEndpoint(id, { service, securityGroups: [group], open: false });
}

const services = {
  Ecr: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
};
