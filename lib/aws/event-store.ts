import { CfnDeletionPolicy, Names, RemovalPolicy } from 'aws-cdk-lib';
import { Connections, type IConnectable, type IVpc, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  CfnParameterGroup,
  CfnReplicationGroup,
  type CfnReplicationGroupProps,
  CfnServerlessCache,
  type CfnServerlessCacheProps,
  CfnSubnetGroup,
} from 'aws-cdk-lib/aws-elasticache';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Fault, type Hop, hopRules, PolicyError, type StreamPolicy } from '../policy/index.ts';
import {
  elasticache,
  familyOf,
  historyBytes,
  nodeTypeFor,
  type StoreGroup,
  storeFaults,
  type Traffic,
} from '../targets/index.ts';
import { accept } from './accept.ts';
import { logGroup } from './logs.ts';
import type { StoreRotation } from './store-rotation.ts';
import { StoreUsers } from './store-users.ts';

/**
 * How the store is run. All keys share one slot (docs/decisions/10-redis.md), so more shards carry no more events.
 *
 * - `nodes`: a primary and copies behind one address. Everything the policy says can be set.
 * - `cluster`: the same in cluster mode, for teams whose standard it is, resized while it runs. It needs failover, so a
 *   replica; there is one database; while the slot moves, publishing may answer 503.
 * - `serverless`: no nodes to size. Its parameters are fixed: subscribers get 8 MiB for 60 s, which limits
 *   `maxEventBytes` to 83,886. Without a limit to its size it never evicts, and its price has none either; with
 *   one it evicts, which is refused here. No slow log, no choice of a maintenance window.
 */
export type EventStoreMode = 'nodes' | 'cluster' | 'serverless';

export interface EventStoreProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  /** @default 'nodes' */
  readonly mode?: EventStoreMode;
  /** Size of each node: it holds the history of all channels. @default - by `traffic`, else 'cache.t4g.small' */
  readonly nodeType?: string | undefined;
  /** What will be published: the node is the smallest that holds its history. @default - unknown */
  readonly traffic?: Traffic;
  /** Copies beside the primary; with at least one, another zone takes over when the primary is lost. @default 1 */
  readonly replicas?: number;
  /** Days for which daily snapshots are kept; 0 takes none. History is worth replaySeconds: they serve inquiries. @default 1 */
  readonly backupDays?: number;
  /** A last snapshot when the store is deleted, and logs that stay. @default false */
  readonly retainData?: boolean;
  /** Days for which slow log and engine log are kept, one of the numbers that CloudWatch has. @default 30 */
  readonly logDays?: number;
  /** Encrypt with a key of one's own, which can be revoked and is audited: `true` creates one. @default - ElastiCache's own key */
  readonly encryptionKey?: IKey | true;
  /** Weekly hour, in UTC, in which minor versions are installed; each costs a failover. @default 'sun:03:00-sun:04:00' */
  readonly maintenanceWindow?: string;
  /** Change the password regularly. @default - by hand, as docs/operations.md tells */
  readonly rotation?: StoreRotation;
  /** Rights for the patterns too (docs/patterns.md). @default false */
  readonly patterns?: boolean;
  /** Any other property of the replication group; wins over what this construct sets. @default - none */
  readonly replicationGroupProps?: Partial<CfnReplicationGroupProps>;
  /** Any other property of a serverless store; wins over what this construct sets. @default - none */
  readonly serverlessCacheProps?: Partial<CfnServerlessCacheProps>;
}

const port = 6379;
const engine = 'valkey';
const engineVersion = '8.2';
const smallNode = 'cache.t4g.small';
const description = 'event store of the streams';

/** Ends before the maintenance window's default begins; ElastiCache refuses windows that overlap. */
const snapshotWindow = '01:00-02:00';

/** The shared memory of all replicas: history to resume from, and notices of new events. TLS and a password always. */
export class EventStore extends Construct implements IConnectable {
  readonly connections: Connections;
  /** Login of the store's one user. */
  readonly users: StoreUsers;
  readonly passwordKey = 'password';
  readonly url: string;
  /** `undefined` of a serverless store. */
  readonly replicationGroup: CfnReplicationGroup | undefined;
  /** `undefined` of a serverless store, which has none. */
  readonly parameterGroup: CfnParameterGroup | undefined;
  /** `undefined` of a store that is made of nodes. */
  readonly serverlessCache: CfnServerlessCache | undefined;
  readonly encryptionKey: IKey | undefined;
  /** CacheClusterId of each node, as ElastiCache numbers them; none of a serverless store. */
  readonly nodeIds: readonly string[];

  /** @throws PolicyError when ElastiCache cannot express the policy, refuses the store, or the service cannot use it. */
  constructor(scope: Construct, id: string, props: EventStoreProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description,
      allowAllOutbound: false,
    });
    this.connections = new Connections({ securityGroups: [securityGroup], defaultPort: Port.tcp(port) });
    this.encryptionKey = props.encryptionKey === true ? this.createKey(props) : props.encryptionKey;
    this.users = new StoreUsers(this, 'Users', props);
    if (props.mode === 'serverless') {
      this.serverlessCache = this.createServerless(props, securityGroup);
      this.url = `rediss+cluster://${this.serverlessCache.attrEndpointAddress}:${port}`;
      this.nodeIds = [];
      return;
    }
    this.parameterGroup = this.createParameterGroup(props);
    this.replicationGroup = this.createReplicationGroup(props, securityGroup);
    this.nodeIds = nodeIdsOf(this.replicationGroup);
    this.url =
      props.mode === 'cluster'
        ? `rediss+cluster://${this.replicationGroup.attrConfigurationEndPointAddress}:${port}`
        : `rediss://${this.replicationGroup.attrPrimaryEndPointAddress}:${port}`;
  }

  get username(): string {
    return this.users.username;
  }

  /** `username`, `password` and `user_arn`, in the form that rotation functions for ElastiCache expect. */
  get credentials(): ISecret {
    return this.users.credentials;
  }

  private createKey({ retainData }: EventStoreProps): IKey {
    return new Key(this, 'Key', {
      description,
      enableKeyRotation: true,
      // a snapshot that is kept is worth nothing without its key
      removalPolicy: retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    }) as IKey;
  }

  private createParameterGroup({ policy, mode, replicationGroupProps }: EventStoreProps): CfnParameterGroup {
    const { parameters } = elasticache.render(policy);
    const { engine: name = engine, engineVersion: version = engineVersion } = replicationGroupProps ?? {};
    return new CfnParameterGroup(this, 'Parameters', {
      cacheParameterGroupFamily: familyOf(name, version) ?? 'valkey8',
      description,
      properties: {
        ...Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, String(value)])),
        ...(mode === 'cluster' && { 'cluster-enabled': 'yes' }),
      },
    });
  }

  private createReplicationGroup(props: EventStoreProps, securityGroup: SecurityGroup): CfnReplicationGroup {
    const { vpc, mode, replicas = 1, backupDays = 1, replicationGroupProps } = props;
    const subnetGroup = new CfnSubnetGroup(this, 'Subnets', {
      description,
      subnetIds: vpc.selectSubnets().subnetIds,
    });
    const settings: CfnReplicationGroupProps = {
      replicationGroupDescription: description,
      engine,
      engineVersion,
      cacheNodeType: props.nodeType ?? nodeTypeOf(props),
      ...(mode === 'cluster'
        ? { numNodeGroups: 1, replicasPerNodeGroup: replicas }
        : { numCacheClusters: replicas + 1 }),
      // both need a replica; nothing but the elasticache target's checks would say so before deployment
      automaticFailoverEnabled: replicas > 0,
      multiAzEnabled: replicas > 0,
      port,
      cacheParameterGroupName: this.parameterGroup?.ref ?? '',
      cacheSubnetGroupName: subnetGroup.ref,
      securityGroupIds: [securityGroup.securityGroupId],
      transitEncryptionEnabled: true,
      transitEncryptionMode: 'required',
      atRestEncryptionEnabled: true,
      ...(this.encryptionKey && { kmsKeyId: this.encryptionKey.keyArn }),
      userGroupIds: [this.users.group.ref],
      snapshotRetentionLimit: backupDays,
      ...(backupDays > 0 && { snapshotWindow }),
      autoMinorVersionUpgrade: true,
      preferredMaintenanceWindow: props.maintenanceWindow ?? 'sun:03:00-sun:04:00',
      logDeliveryConfigurations: (['slow-log', 'engine-log'] as const).map((logType) => this.logOf(logType, props)),
      ...replicationGroupProps,
    };
    check('the event store cannot be made', storeFaults(groupOf(settings, mode, replicas, this.parameterGroup)));
    const group = new CfnReplicationGroup(this, 'ReplicationGroup', settings);
    if (props.retainData) group.applyRemovalPolicy(RemovalPolicy.SNAPSHOT);
    else group.cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE;
    acceptFindings(group, settings);
    return group;
  }

  private createServerless(props: EventStoreProps, securityGroup: SecurityGroup): CfnServerlessCache {
    const { vpc, policy, backupDays = 1, retainData, serverlessCacheProps } = props;
    check('a serverless event store does not hold the policy', serverlessFaults(policy, serverlessCacheProps));
    const name = this.idFor('store');
    return new CfnServerlessCache(this, 'Serverless', {
      serverlessCacheName: name,
      description,
      engine,
      majorEngineVersion: '8',
      securityGroupIds: [securityGroup.securityGroupId],
      // one in each of two or three zones (ElastiCache API, CreateServerlessCache)
      subnetIds: vpc.selectSubnets().subnetIds.slice(0, 3),
      userGroupId: this.users.group.ref,
      snapshotRetentionLimit: backupDays,
      ...(this.encryptionKey && { kmsKeyId: this.encryptionKey.keyArn }),
      ...(retainData && { finalSnapshotName: `${name}-last` }),
      ...serverlessCacheProps,
    });
  }

  /** A name of /aws/vendedlogs/ keeps the resource policy of log delivery short (CloudWatch Logs user guide). */
  private logOf(logType: 'slow-log' | 'engine-log', { logDays = 30, retainData = false }: EventStoreProps) {
    const id = logType === 'slow-log' ? 'SlowLog' : 'EngineLog';
    const logGroupName = `/aws/vendedlogs/elasticache/${this.idFor(logType)}`;
    const logs = logGroup(this, id, { logDays, retainData }, { logGroupName });
    return {
      logType,
      logFormat: 'json',
      destinationType: 'cloudwatch-logs',
      destinationDetails: { cloudWatchLogsDetails: { logGroup: logs.logGroupName } },
    };
  }

  /** Ids are ours to choose, unique in account and region, lower case, and start with a letter. */
  private idFor(what: string): string {
    return `${Names.uniqueResourceName(this, { maxLength: 28, separator: '-' })}-${what}`.toLowerCase();
  }
}

/** `group-001`, or in cluster mode `group-0001-001` (ElastiCache user guide, "Finding replication group endpoints"). */
function nodeIdsOf({ ref, numCacheClusters, numNodeGroups = 1, replicasPerNodeGroup = 0 }: CfnReplicationGroup) {
  const numbers = (count: number, digits: number) =>
    Array.from({ length: count }, (_, index) => String(index + 1).padStart(digits, '0'));
  if (numCacheClusters !== undefined) return numbers(numCacheClusters, 3).map((node) => `${ref}-${node}`);
  return numbers(numNodeGroups, 4).flatMap((shard) =>
    numbers(replicasPerNodeGroup + 1, 3).map((node) => `${ref}-${shard}-${node}`),
  );
}

/** @throws PolicyError when no node holds the history. */
function nodeTypeOf({ policy, traffic }: EventStoreProps): string {
  if (traffic === undefined) return smallNode;
  const bytes = historyBytes(policy, traffic);
  const found = nodeTypeFor(bytes);
  if (found === undefined) {
    const message = `replaySeconds (${policy.replaySeconds}) × eventsPerSecond (${traffic.eventsPerSecond}) comes to ${bytes} bytes of history, more than one node holds; lower replaySeconds or replayMaxEvents`;
    throw new PolicyError('the event store cannot be made', [
      { rule: 'elasticache-store', fields: ['replaySeconds', 'replayMaxEvents', 'traffic'], message },
    ]);
  }
  return found;
}

/** What is said of a store before it is made; values that are known at deployment only are not judged. */
function groupOf(
  settings: CfnReplicationGroupProps,
  mode: EventStoreMode | undefined,
  replicas: number,
  parameters: CfnParameterGroup | undefined,
): StoreGroup {
  const { automaticFailoverEnabled, multiAzEnabled, transitEncryptionEnabled } = settings;
  const known = <T>(value: T) => (typeof value === 'boolean' ? value : undefined);
  return {
    engine: settings.engine,
    engineVersion: settings.engineVersion,
    cacheNodeType: settings.cacheNodeType,
    parameterFamily:
      settings.cacheParameterGroupName === parameters?.ref ? parameters?.cacheParameterGroupFamily : undefined,
    replicas: settings.replicasPerNodeGroup ?? (settings.numCacheClusters ?? replicas + 1) - 1,
    shards: settings.numNodeGroups,
    clusterMode: mode === 'cluster',
    automaticFailoverEnabled: known(automaticFailoverEnabled),
    multiAzEnabled: known(multiAzEnabled),
    transitEncryptionEnabled: known(transitEncryptionEnabled),
    authToken: settings.authToken !== undefined,
  };
}

/** What cannot be set is judged like what somebody else has set. */
function serverlessFaults(policy: StreamPolicy, props: Partial<CfnServerlessCacheProps> = {}): readonly Fault[] {
  const limits = props.cacheUsageLimits;
  const storage = limits && 'dataStorage' in limits ? limits.dataStorage : undefined;
  const maximum = storage && 'maximum' in storage ? storage.maximum : undefined;
  const hop: Hop = elasticache.read({
    parameters: {},
    serverless: maximum === undefined ? {} : { 'DataStorage.Maximum': maximum },
  });
  return hopRules.flatMap((rule) => {
    const verdict = rule.judge(policy, hop);
    return verdict.verdict === 'broken' ? verdict.faults : [];
  });
}

function check(what: string, faults: readonly Fault[]): void {
  if (faults.length > 0) throw new PolicyError(what, faults);
}

function acceptFindings(
  group: CfnReplicationGroup,
  { multiAzEnabled, snapshotRetentionLimit }: CfnReplicationGroupProps,
): void {
  accept(group, {
    'AwsSolutions-AEC5': 'a port is no secret: security groups let nobody but the service reach it',
    'AwsSolutions-AEC6': 'users with passwords and rights of their own instead of one token for everything',
    ...(multiAzEnabled !== true && {
      'AwsSolutions-AEC4': 'asked for without replicas: a store for development, which may be gone for a while',
    }),
    ...(!snapshotRetentionLimit && {
      'AwsSolutions-AEC3': 'asked for without snapshots: history is worth replaySeconds only',
    }),
  });
}
