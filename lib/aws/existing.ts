import { Connections, type IConnectable, type IVpc, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accept.ts';

/** A VPC that is there already, by what has to be known of it; nothing is looked up. */
export interface ExistingVpc {
  readonly id: string;
  /** Its address range, from which an internal balancer is reachable. */
  readonly cidr: string;
  /** Zones of the subnets below, in their order. */
  readonly availabilityZones: readonly string[];
  /** Subnets of tasks and store, one a zone; they need a way out: NAT or endpoints. */
  readonly privateSubnetIds: readonly string[];
  /** Subnets of a public balancer, one a zone. @default - there can be no public balancer */
  readonly publicSubnetIds?: readonly string[] | undefined;
}

/** A VPC for the constructs of a stack: the given one, or the existing one as this stack sees it. */
export function vpcIn(stack: Construct, vpc: IVpc | ExistingVpc): IVpc {
  if (!('privateSubnetIds' in vpc)) return vpc;
  const { id, cidr, availabilityZones, privateSubnetIds, publicSubnetIds } = vpc;
  const imported = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: id,
    vpcCidrBlock: cidr,
    availabilityZones: [...availabilityZones],
    privateSubnetIds: [...privateSubnetIds],
    ...(publicSubnetIds && { publicSubnetIds: [...publicSubnetIds] }),
  });
  accept(imported, { 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId': 'no routes are added to it' });
  return imported;
}

/** What a service has to know of its event store: EventStore made it, ExistingStore knows of it. */
export interface StreamStore extends IConnectable {
  /** `REDIS_URL`, without credentials. */
  readonly url: string;
  /** @default - the default user */
  readonly username?: string | undefined;
  /** Secret with the password. @default - no password */
  readonly credentials?: ISecret | undefined;
  /** Key of the password in the secret's JSON. @default 'password' */
  readonly passwordKey?: string | undefined;
}

/** A Redis or Valkey that is there already. */
export interface ExistingRedis {
  /** Primary endpoint, or configuration endpoint of a cluster. */
  readonly host: string;
  /** @default 6379 */
  readonly port?: number;
  /** @default true */
  readonly tls?: boolean;
  /** Cluster mode: the endpoint is one of many. @default false */
  readonly cluster?: boolean;
  /** User to log in as. @default - the default user */
  readonly user?: string | undefined;
  /** The whole ARN of the secret that holds the password. @default - no password */
  readonly secretArn?: string | undefined;
  /** Key of the password in the secret's JSON. @default 'password' */
  readonly passwordKey?: string | undefined;
  /** Its security group. It gets a rule that lets the service in, and keeps those it has. */
  readonly securityGroupId: string;
}

/** An event store that somebody else looks after. */
export class ExistingStore extends Construct implements StreamStore {
  readonly url: string;
  readonly username: string | undefined;
  readonly credentials: ISecret | undefined;
  readonly passwordKey: string | undefined;
  readonly connections: Connections;

  constructor(scope: Construct, id: string, redis: ExistingRedis) {
    super(scope, id);
    const { host, port = 6379, tls = true, cluster = false, user, secretArn, passwordKey, securityGroupId } = redis;
    this.url = `${tls ? 'rediss' : 'redis'}${cluster ? '+cluster' : ''}://${host}:${port}`;
    this.username = user;
    this.credentials =
      secretArn === undefined ? undefined : Secret.fromSecretCompleteArn(this, 'Credentials', secretArn);
    this.passwordKey = passwordKey;
    const group = SecurityGroup.fromSecurityGroupId(this, 'SecurityGroup', securityGroupId);
    this.connections = new Connections({ securityGroups: [group], defaultPort: Port.tcp(port) });
  }
}
