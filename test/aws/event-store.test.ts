import { Template } from 'aws-cdk-lib/assertions';
import { only, stacks } from './stacks.ts';

const templateOf = (overrides: Parameters<typeof stacks>[0] = {}) => Template.fromStack(stacks(overrides).cache);
const template = templateOf();

test('the parameter group is what the elasticache target renders', () => {
  expect(only(template, 'AWS::ElastiCache::ParameterGroup')).toMatchInlineSnapshot(`
    {
      "CacheParameterGroupFamily": "valkey8",
      "Description": "event store of the streams",
      "Properties": {
        "client-output-buffer-limit-pubsub-hard-limit": "33554432",
        "client-output-buffer-limit-pubsub-soft-limit": "8388608",
        "client-output-buffer-limit-pubsub-soft-seconds": "60",
        "maxmemory-policy": "noeviction",
      },
    }
  `);
});

test('the parameter group follows maxEventBytes', () => {
  const larger = templateOf({ policy: { maxEventBytes: 262_144, slowClientBytes: 4_194_304 } });

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
  });
});

test('without a replica there is nothing to fail over to, and failover is not asked for', () => {
  const single = templateOf({ cache: { replicas: 0 } });

  expect(only(single, 'AWS::ElastiCache::ReplicationGroup')).toMatchObject({
    NumCacheClusters: 1,
    AutomaticFailoverEnabled: false,
    MultiAZEnabled: false,
  });
});

test('the only user logs in with a generated password that the template refers to and does not hold', () => {
  const user = only(template, 'AWS::ElastiCache::User');

  expect(user).toMatchObject({ Engine: 'valkey', UserName: 'default', AccessString: expect.stringMatching(/^on /) });
  expect(JSON.stringify(user.Passwords)).toMatch(/resolve:secretsmanager:.*SecretString:password/);
  expect(only(template, 'AWS::SecretsManager::Secret').GenerateSecretString).toMatchObject({ PasswordLength: 64 });
});

test('ids of user and group are lower case, as ElastiCache makes them anyway', () => {
  const { UserId } = only(template, 'AWS::ElastiCache::User');
  const { UserGroupId } = only(template, 'AWS::ElastiCache::UserGroup');

  expect([UserId, UserGroupId]).toEqual([
    expect.stringMatching(/^[a-z][a-z0-9-]*$/),
    expect.stringMatching(/^[a-z][a-z0-9-]*$/),
  ]);
});
