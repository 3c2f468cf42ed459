import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventStore, type EventStoreProps } from '../../lib/aws/event-store.ts';
import { featureFlags } from '../../lib/aws/feature-flags.ts';
import { definePolicy, type StreamPolicy } from '../../lib/policy/index.ts';
import { storeRights } from '../../lib/targets/index.ts';
import { only } from './stacks.ts';

/** A store alone in a stack: nothing else has to be synthesized for it. */
function storeWith(props: Partial<EventStoreProps> = {}, policy: Partial<StreamPolicy> = {}) {
  const app = new App({ context: { ...featureFlags }, builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Store');
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
    privateSubnetRouteTableIds: ['rtb-a', 'rtb-b'],
  });
  const store = new EventStore(stack, 'EventStore', { policy: definePolicy(policy), vpc, ...props });
  return { store, stack, template: Template.fromStack(stack) };
}

const { template, store } = storeWith();
const groupOf = (props: Partial<EventStoreProps>) =>
  only(storeWith(props).template, 'AWS::ElastiCache::ReplicationGroup');

test('the parameter group is what the elasticache target renders', () => {
  expect(only(template, 'AWS::ElastiCache::ParameterGroup')).toMatchInlineSnapshot(`
{
  "CacheParameterGroupFamily": "valkey8",
  "Description": "event store of the streams",
  "Properties": {
    "client-output-buffer-limit-normal-hard-limit": "0",
    "client-output-buffer-limit-normal-soft-limit": "0",
    "client-output-buffer-limit-pubsub-hard-limit": "33554432",
    "client-output-buffer-limit-pubsub-soft-limit": "8388608",
    "client-output-buffer-limit-pubsub-soft-seconds": "60",
    "maxmemory-policy": "noeviction",
    "reserved-memory-percent": "25",
    "tcp-keepalive": "60",
    "timeout": "0",
  },
}
`);
});

test('the parameter group follows maxEventBytes', () => {
  const larger = storeWith({}, { maxEventBytes: 262_144, slowClientBytes: 4_194_304 }).template;

  expect(only(larger, 'AWS::ElastiCache::ParameterGroup').Properties).toMatchObject({
    'client-output-buffer-limit-pubsub-soft-limit': '26214400',
    'client-output-buffer-limit-pubsub-hard-limit': '104857600',
  });
});

test('a replica in another zone takes over, and nobody gets in without TLS', () => {
  expect(only(template, 'AWS::ElastiCache::ReplicationGroup')).toMatchObject({
    Engine: 'valkey',
    NumCacheClusters: 2,
    AutomaticFailoverEnabled: true,
    MultiAZEnabled: true,
    TransitEncryptionEnabled: true,
    TransitEncryptionMode: 'required',
    AtRestEncryptionEnabled: true,
    AutoMinorVersionUpgrade: true,
    SnapshotRetentionLimit: 1,
  });
});

test('without a replica there is nothing to fail over to, and failover is not asked for', () => {
  expect(groupOf({ replicas: 0 })).toMatchObject({
    NumCacheClusters: 1,
    AutomaticFailoverEnabled: false,
    MultiAZEnabled: false,
  });
});

test('slow log and engine log go to logs that forget', () => {
  const { LogDeliveryConfigurations: logs } = only(template, 'AWS::ElastiCache::ReplicationGroup');

  expect(logs.map(({ LogType, LogFormat }: Record<string, string>) => [LogType, LogFormat])).toEqual([
    ['slow-log', 'json'],
    ['engine-log', 'json'],
  ]);
  const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
  expect(groups.map(({ Properties }) => [Properties.RetentionInDays, Properties.LogGroupName])).toEqual([
    [30, expect.stringMatching(/^\/aws\/vendedlogs\/elasticache\/.*slow-log$/)],
    [30, expect.stringMatching(/^\/aws\/vendedlogs\/elasticache\/.*engine-log$/)],
  ]);
});

test('data that is to be kept leaves a last snapshot, and else goes with its stack', () => {
  const policyOf = (retainData: boolean) =>
    Object.values(storeWith({ retainData }).template.findResources('AWS::ElastiCache::ReplicationGroup'))[0]
      ?.DeletionPolicy;

  expect([policyOf(true), policyOf(false)]).toEqual(['Snapshot', 'Delete']);
});

test('a key of its own encrypts the store, and is changed every year', () => {
  const own = storeWith({ encryptionKey: true }).template;

  expect(only(own, 'AWS::KMS::Key').EnableKeyRotation).toBe(true);
  expect(only(own, 'AWS::ElastiCache::ReplicationGroup').KmsKeyId).toEqual({
    'Fn::GetAtt': [expect.stringContaining('Key'), 'Arn'],
  });
  expect(only(template, 'AWS::ElastiCache::ReplicationGroup').KmsKeyId).toBeUndefined();
});

describe('the size', () => {
  test('is the smallest that holds the history of the traffic', () => {
    const traffic = { eventsPerSecond: 1000, bytesPerEvent: 2000, channels: 10_000 };

    expect(groupOf({ traffic }).CacheNodeType).toBe('cache.t4g.medium');
    expect(groupOf({ traffic, nodeType: 'cache.r7g.large' }).CacheNodeType).toBe('cache.r7g.large');
  });

  test('fails for more history than any node holds', () => {
    const traffic = { eventsPerSecond: 1e6, bytesPerEvent: 10_000, channels: 1e6 };

    expect(() => storeWith({ traffic })).toThrow(
      /replaySeconds \(600\) × eventsPerSecond \(1000000\) comes to .* lower replaySeconds/,
    );
  });

  test.each<[string, Partial<EventStoreProps>, RegExp]>([
    ['a node type that does not exist', { nodeType: 'cache.m7g.tiny' }, /cacheNodeType \(cache.m7g.tiny\) must be/],
    [
      'an engine that does not exist',
      { replicationGroupProps: { engine: 'valky' } },
      /engine \(valky\) must be one of/,
    ],
    [
      'a version that does not exist',
      { replicationGroupProps: { engineVersion: '8.7' } },
      /engineVersion \(8.7\) must be one of/,
    ],
    ['more replicas than there can be', { replicas: 6 }, /replicas \(6\) must be/],
    [
      'failover to nobody',
      { replicas: 0, replicationGroupProps: { automaticFailoverEnabled: true } },
      /automaticFailoverEnabled/,
    ],
    ['a cluster without a replica', { mode: 'cluster', replicas: 0 }, /must be true in cluster mode/],
  ])('fails for %s, which CDK would pass on', (_, props, message) => {
    expect(() => storeWith(props)).toThrow(message);
  });
});

describe('the login', () => {
  test('has the rights that the service needs, and a generated password that the template refers to and does not hold', () => {
    const user = only(template, 'AWS::ElastiCache::User');

    expect(user).toMatchObject({ Engine: 'valkey', UserName: 'default', AccessString: storeRights() });
    expect(user.AccessString).not.toContain('+@all');
    expect(JSON.stringify(user.Passwords)).toMatch(/resolve:secretsmanager:.*SecretString:password/);
    expect(only(template, 'AWS::SecretsManager::Secret').GenerateSecretString).toMatchObject({ PasswordLength: 64 });
  });

  test('has more rights where patterns are switched on', () => {
    expect(only(storeWith({ patterns: true }).template, 'AWS::ElastiCache::User').AccessString).toBe(storeRights(true));
  });

  test('is a secret of the form that rotation functions for ElastiCache expect', () => {
    const { SecretStringTemplate, GenerateStringKey } = only(
      template,
      'AWS::SecretsManager::Secret',
    ).GenerateSecretString;

    expect(GenerateStringKey).toBe('password');
    expect(JSON.stringify(SecretStringTemplate)).toContain(':user:');
    expect(JSON.stringify(SecretStringTemplate)).toContain('user_arn');
    expect(store.username).toBe('default');
  });

  test('ids of user and group are lower case, as ElastiCache makes them anyway', () => {
    const { UserId } = only(template, 'AWS::ElastiCache::User');
    const { UserGroupId } = only(template, 'AWS::ElastiCache::UserGroup');

    expect([UserId, UserGroupId]).toEqual([
      expect.stringMatching(/^[a-z][a-z0-9-]*$/),
      expect.stringMatching(/^[a-z][a-z0-9-]*$/),
    ]);
  });

  test('is rotated only when somebody asks for it', () => {
    expect(template.findResources('AWS::SecretsManager::RotationSchedule')).toEqual({});
  });

  test('rotates by a function that may touch this secret and this user, and nothing else', () => {
    const rotating = storeWith({ rotation: { everyDays: 30 } }).template;

    expect(only(rotating, 'AWS::SecretsManager::RotationSchedule')).toMatchObject({
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediatelyOnUpdate: false,
    });
    const { Statement } = only(rotating, 'AWS::IAM::Policy').PolicyDocument;
    expect(Statement.flatMap(({ Action }: { Action: string | string[] }) => Action)).toMatchInlineSnapshot(`
[
  "logs:CreateLogStream",
  "logs:PutLogEvents",
  "secretsmanager:DescribeSecret",
  "secretsmanager:GetSecretValue",
  "secretsmanager:PutSecretValue",
  "secretsmanager:UpdateSecretVersionStage",
  "elasticache:DescribeUsers",
  "elasticache:ModifyUser",
]
`);
    expect(JSON.stringify(Statement)).not.toContain('"*"');
  });

  test('fails for a rotation that Secrets Manager does not know', () => {
    expect(() => storeWith({ rotation: { everyDays: 0 } })).toThrow(
      'everyDays (0) must be a whole number of days from 1 to 1000',
    );
  });
});

describe('in cluster mode', () => {
  const cluster = storeWith({ mode: 'cluster' });

  test('there is one shard, as all keys share a slot, and the URL leads to the configuration endpoint', () => {
    expect(only(cluster.template, 'AWS::ElastiCache::ReplicationGroup')).toMatchObject({
      NumNodeGroups: 1,
      ReplicasPerNodeGroup: 1,
    });
    expect(only(cluster.template, 'AWS::ElastiCache::ParameterGroup').Properties['cluster-enabled']).toBe('yes');
    expect(cluster.stack.resolve(cluster.store.url)).toEqual({
      'Fn::Join': [
        '',
        ['rediss+cluster://', { 'Fn::GetAtt': [expect.any(String), 'ConfigurationEndPoint.Address'] }, ':6379'],
      ],
    });
  });
});

describe('a serverless store', () => {
  test('is reached as a cluster, and has neither parameters nor nodes', () => {
    const { template: serverless, store: one, stack } = storeWith({ mode: 'serverless', retainData: true });

    expect(only(serverless, 'AWS::ElastiCache::ServerlessCache')).toMatchObject({
      Engine: 'valkey',
      MajorEngineVersion: '8',
      SubnetIds: ['subnet-a', 'subnet-b'],
      FinalSnapshotName: expect.stringMatching(/-last$/),
    });
    expect(serverless.findResources('AWS::ElastiCache::ParameterGroup')).toEqual({});
    expect(JSON.stringify(stack.resolve(one.url))).toContain('rediss+cluster://');
  });

  test('fails for events that are too large for its fixed buffers', () => {
    expect(() => storeWith({ mode: 'serverless' }, { maxEventBytes: 131_072 })).toThrow(
      /client-output-buffer-limit pubsub 32mb 8mb 60 \(fixed\) must hold 100 × maxEventBytes \(131072\)/,
    );
  });

  test('fails for a limit to its size, at which it would evict', () => {
    const cacheUsageLimits = { dataStorage: { unit: 'GB', maximum: 10 } };

    expect(() => storeWith({ mode: 'serverless', serverlessCacheProps: { cacheUsageLimits } })).toThrow(
      /serverless with DataStorage.Maximum=10 must refuse to write when it is full/,
    );
  });
});
