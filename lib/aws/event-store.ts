import { Names } from 'aws-cdk-lib';
import { Connections, type IConnectable, type IVpc, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  CfnParameterGroup,
  CfnReplicationGroup,
  type CfnReplicationGroupProps,
  CfnSubnetGroup,
  CfnUser,
  CfnUserGroup,
} from 'aws-cdk-lib/aws-elasticache';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { elasticache } from '../targets/index.ts';

export interface EventStoreProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  /** Size of each node: it holds the history of all channels. @default 'cache.t4g.small' */
  readonly nodeType?: string;
  /** Copies beside the primary; with at least one, another zone takes over when the primary is lost. @default 1 */
  readonly replicas?: number;
  /** Any other property of the replication group; wins over what this construct sets. @default - none */
  readonly replicationGroupProps?: Partial<CfnReplicationGroupProps>;
}

const port = 6379;
const engine = 'valkey';

/** All but the commands that administer the server; INFO is one of them, and tells clients that the server is ready. */
const accessString = 'on ~* &* +@all -@dangerous +info';

/** The shared memory of all replicas: history to resume from, and notices of new events. TLS and a password always. */
export class EventStore extends Construct implements IConnectable {
  readonly connections: Connections;
  readonly replicationGroup: CfnReplicationGroup;
  readonly parameterGroup: CfnParameterGroup;
  /** `username` and `password` of the store's one user. */
  readonly credentials: ISecret;
  /**
   * A user group has to contain a user of this name (AWS::ElastiCache::UserGroup), so the service's user bears it, and
   * no second login exists that nobody uses.
   */
  readonly username = 'default';

  constructor(scope: Construct, id: string, props: EventStoreProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'event store of the streams',
      allowAllOutbound: false,
    });
    this.connections = new Connections({ securityGroups: [securityGroup], defaultPort: Port.tcp(port) });
    this.credentials = new Secret(this, 'Credentials', {
      description: 'login to the event store',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: this.username }),
        generateStringKey: 'password',
        // 16 to 128 printable characters (ElastiCache API, CreateUser); without punctuation it is safe in any URL
        passwordLength: 64,
        excludePunctuation: true,
      },
      // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    }) as ISecret;
    this.parameterGroup = this.createParameterGroup(props.policy);
    this.replicationGroup = this.createReplicationGroup(props, securityGroup.securityGroupId);
  }

  /** Where the primary is; follows it on failover. Without credentials, which travel as secrets. */
  get url(): string {
    return `rediss://${this.replicationGroup.attrPrimaryEndPointAddress}:${port}`;
  }

  private createParameterGroup(policy: StreamPolicy): CfnParameterGroup {
    const { parameters } = elasticache.render(policy);
    return new CfnParameterGroup(this, 'Parameters', {
      // the family of Valkey 8.0 to 8.2 (ElastiCache user guide, "Engine specific parameters")
      cacheParameterGroupFamily: 'valkey8',
      description: 'event store of the streams',
      properties: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, String(value)])),
    });
  }

  private createReplicationGroup(props: EventStoreProps, securityGroupId: string): CfnReplicationGroup {
    const { vpc, nodeType = 'cache.t4g.small', replicas = 1, replicationGroupProps } = props;
    const subnetGroup = new CfnSubnetGroup(this, 'Subnets', {
      description: 'event store of the streams',
      subnetIds: vpc.selectSubnets().subnetIds,
    });
    return new CfnReplicationGroup(this, 'ReplicationGroup', {
      replicationGroupDescription: 'event store of the streams',
      engine,
      engineVersion: '8.2',
      cacheNodeType: nodeType,
      numCacheClusters: replicas + 1,
      // both need a replica (ElastiCache API, CreateReplicationGroup); nothing checks that before deployment
      automaticFailoverEnabled: replicas > 0,
      multiAzEnabled: replicas > 0,
      port,
      cacheParameterGroupName: this.parameterGroup.ref,
      cacheSubnetGroupName: subnetGroup.ref,
      securityGroupIds: [securityGroupId],
      transitEncryptionEnabled: true,
      transitEncryptionMode: 'required',
      atRestEncryptionEnabled: true,
      userGroupIds: [this.createUserGroup().ref],
      // history is worth replaySeconds; one day of it is there for looking into an incident
      snapshotRetentionLimit: 1,
      ...replicationGroupProps,
    });
  }

  private createUserGroup(): CfnUserGroup {
    const user = new CfnUser(this, 'User', {
      engine,
      userId: this.idFor('user'),
      userName: this.username,
      accessString,
      // renders a reference that CloudFormation resolves, never the password itself
      passwords: [this.credentials.secretValueFromJson('password').unsafeUnwrap()],
    });
    return new CfnUserGroup(this, 'Users', { engine, userGroupId: this.idFor('users'), userIds: [user.ref] });
  }

  /** Ids are ours to choose, unique in account and region, lower case, and start with a letter. */
  private idFor(what: string): string {
    return `${Names.uniqueResourceName(this, { maxLength: 32, separator: '-' })}-${what}`.toLowerCase();
  }
}
