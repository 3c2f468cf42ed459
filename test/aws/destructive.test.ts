import { Template } from 'aws-cdk-lib/assertions';
import { stages } from '../../lib/aws/stages.ts';
import { configSchema } from '../../lib/config/schema.ts';
import { defaults, definePolicy, fieldNames, type StreamPolicy } from '../../lib/policy/index.ts';
import { destroyed } from './destructive.ts';
import { templatesOf } from './stacks.ts';

/** Every field of the policy with another value than its default. */
const policy: StreamPolicy = {
  heartbeatSeconds: 15,
  missedHeartbeats: 2,
  idleSeconds: 90,
  maxStreamAgeSeconds: 7200,
  maxStreamAgeJitter: 0.2,
  retryMs: 5000,
  retryJitter: 0.4,
  propagationSeconds: 20,
  drainSeconds: 60,
  replaySeconds: 1200,
  replayMaxEvents: 20_000,
  maxEventBytes: 131_072,
  slowClientBytes: 2_097_152,
  maxStreams: 19_000,
  maxStreamsPerUser: 20,
  connectRatePerSecond: 2000,
  keepAliveSeconds: 200,
  stickiness: 'none',
};

/** Every key of the two sections with another value than dev's. */
const changed = {
  aws: {
    stage: 'prod',
    domainName: 'sse.example.com',
    hostedZone: { id: 'Z0123456789ABC', name: 'example.com' },
    certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000',
    edgeDistributionId: 'E1ABCDEFGHIJKL',
    edgeWebAclArn: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b',
    usersPerAddress: 50,
    maintenance: true,
    maxAzs: 4,
    natGateways: 2,
    flowLogs: 'all',
    cacheNodeType: 'cache.r7g.large',
    cacheReplicas: 2,
    cacheTraffic: { eventsPerSecond: 100, bytesPerEvent: 500, channels: 50 },
    cacheRotationDays: 30,
    cacheBackupDays: 14,
    alarmEmail: 'ops@example.com',
    runbook: 'https://example.com/operations',
    deletionProtection: true,
    retainData: true,
    logDays: 365,
    accessLogDays: 30,
    webAcl: 'block',
  },
  service: {
    image: 'registry.example.com/sse-kit:2',
    replicas: { min: 3, max: 30 },
    cpu: 1024,
    memoryMiB: 4096,
    auth: { issuer: 'https://login.example.com', audience: 'events' },
    corsOrigins: ['https://app.example.com'],
    trustProxy: false,
    workers: 2,
    patterns: ['notifications'],
    logLevel: 'debug',
    publishRatePerSecond: 100,
    overloadLagMs: 200,
    env: { NODE_OPTIONS: '--max-old-space-size=3000' },
  },
};

/** What a deployment is: who changes these means another one, and docs/operations.md says what it costs. */
const identity = {
  aws: ['enabled', 'name', 'edge', 'internetFacing', 'existing', 'cacheMode', 'cacheOwnKey'],
  // with it there is no secret to sign tokens with
  service: ['allowAnonymous'],
};

const dev = templatesOf({});

test('no field of the policy, changed, replaces what holds data, addresses or connections', () => {
  expect(fieldNames.filter((name) => policy[name] === defaults[name])).toEqual([]);
  expect(destroyed(dev, templatesOf({ policy: definePolicy(policy) }))).toEqual([]);
});

test('nor does any key of the configuration, and with it every step from dev to prod', () => {
  expect(destroyed(dev, templatesOf({ ...changed, aws: { ...changed.aws, cacheOwnKey: false } }))).toEqual([]);
});

test('but for the key of its own that prod encrypts the store with: it costs the store that was there', () => {
  expect(destroyed(dev, templatesOf(changed))).toEqual([
    expect.stringMatching(/^Cache AWS::ElastiCache::ReplicationGroup .* is replaced by another KmsKeyId$/),
  ]);
});

test('every key of the configuration is among those that were changed, or is one that makes another deployment', () => {
  const { properties } = configSchema() as { properties: Record<'aws' | 'service', { properties: object }> };
  const keys = (section: 'aws' | 'service') => Object.keys(properties[section].properties).sort();

  expect(keys('aws')).toEqual([...Object.keys(changed.aws), ...identity.aws].sort());
  expect(keys('service')).toEqual([...Object.keys(changed.service), ...identity.service].sort());
  expect(Object.keys(stages.dev).filter((name) => !(name in changed.aws) && !identity.aws.includes(name))).toEqual([]);
});

test('a resource that is renamed, removed or made anew is found', () => {
  const stackOf = (Resources: object) => ({ Cache: Template.fromJSON({ Resources }) });
  const group = { Type: 'AWS::ElastiCache::ReplicationGroup', Properties: { Port: 6379 } };

  expect(destroyed(stackOf({ A: group }), stackOf({ B: group }))).toEqual([
    'Cache AWS::ElastiCache::ReplicationGroup A is gone',
  ]);
  expect(destroyed(stackOf({ A: group }), stackOf({ A: { ...group, Properties: { Port: 6380 } } }))).toEqual([
    'Cache AWS::ElastiCache::ReplicationGroup A is replaced by another Port',
  ]);
});
