import { definePolicy } from '../../../lib/policy/index.ts';
import { cloudfront } from '../../../lib/targets/index.ts';

/** What the API answers to get-distribution-config, for a distribution that somebody clicked together. */
const clicked = {
  ETag: 'E1',
  DistributionConfig: {
    Origins: {
      Quantity: 1,
      Items: [
        {
          Id: 'alb',
          DomainName: 'x.elb.amazonaws.com',
          CustomOriginConfig: { OriginReadTimeout: 30, OriginKeepaliveTimeout: 5 },
        },
      ],
    },
    DefaultCacheBehavior: {
      TargetOriginId: 'alb',
      Compress: true,
      CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
    },
    Logging: { Enabled: true, Bucket: 'logs.s3.amazonaws.com' },
  },
};

const read = (config: object) => cloudfront.read({ 'distribution.json': JSON.stringify(config, undefined, 1) });
const text = cloudfront.files(definePolicy())['distribution.yaml'] ?? '';

test('our own distribution leaves streams alone', () => {
  expect(cloudfront.hop(definePolicy())).toMatchObject({
    idleTimers: [{ value: 60, setting: 'OriginReadTimeout 60' }],
    durationCaps: [{ value: Number.POSITIVE_INFINITY, setting: 'ResponseCompletionTimeout none (default)' }],
    poolIdle: { value: 55 },
    compression: { value: false },
    caching: { value: false },
    refusals: { value: 'soft' },
  });
});

test('a distribution with the defaults waits 30 s, caches, compresses, logs tokens and ends EventSources', () => {
  expect(read(clicked)).toMatchObject({
    idleTimers: [{ value: 30, at: expect.stringMatching(/^distribution\.json:\d+$/) }],
    poolIdle: { value: 5 },
    compression: { value: true, setting: 'Compress true' },
    caching: { value: true },
    logsQuery: { value: true, setting: 'Logging.Bucket logs.s3.amazonaws.com' },
    refusals: { value: 'fatal' },
  });
});

test('what is not set counts with the defaults of CloudFront', () => {
  const bare = { Origins: [{ Id: 'a', CustomOriginConfig: {} }], DefaultCacheBehavior: { TargetOriginId: 'a' } };

  expect(read(bare)).toMatchObject({
    idleTimers: [{ value: 30, setting: 'OriginReadTimeout 30 (default)' }],
    poolIdle: { value: 5, setting: 'OriginKeepaliveTimeout 5 (default)' },
    compression: { value: false },
  });
  expect(read(bare)).not.toHaveProperty('logsQuery');
});

test('the first pattern that fits the path decides', () => {
  const two = (pattern: string) => ({
    Origins: [
      { Id: 'a', CustomOriginConfig: { OriginReadTimeout: 30 } },
      { Id: 'b', VpcOriginConfig: { OriginReadTimeout: 60 } },
    ],
    DefaultCacheBehavior: { TargetOriginId: 'a' },
    CacheBehaviors: [
      { PathPattern: '/other', TargetOriginId: 'a' },
      { PathPattern: pattern, TargetOriginId: 'b' },
    ],
  });
  const idle = (pattern: string) => read(two(pattern)).idleTimers?.[0]?.value;

  expect(['/events', 'events', '/ev*', '/event?', '*', '/Events', '/events/*'].map(idle)).toEqual([
    60, 60, 60, 60, 60, 30, 30,
  ]);
});

test.each<[string, (yaml: string) => string, object]>([
  ['compression', (yaml) => yaml.replaceAll('Compress: false', 'Compress: true'), { compression: { value: true } }],
  [
    'a cache',
    (yaml) => yaml.replaceAll('4135ea2d-6df8-44a3-9df3-4b5a84be39ad', 'other'),
    { caching: { value: true, setting: 'CachePolicyId other' } },
  ],
  [
    'errors that are kept',
    (yaml) =>
      yaml.replace('- ErrorCode: 403\n    ErrorCachingMinTTL: 0', '- ErrorCode: 403\n    ErrorCachingMinTTL: 10'),
    { caching: { value: true, setting: 'ErrorCachingMinTTL of 403 10' } },
  ],
  [
    'a cap',
    (yaml) => yaml.replace('ConnectionAttempts: 2', 'ResponseCompletionTimeout: 600'),
    { durationCaps: [{ value: 600, setting: 'ResponseCompletionTimeout 600' }] },
  ],
  [
    'a failover that leaves 503 out',
    (yaml) => yaml.replace('Items: [502, 503, 504]', 'Items: [502, 504]'),
    { refusals: { value: 'fatal' } },
  ],
])('%s in our own distribution is found', (_, broken, facts) => {
  expect(broken(text)).not.toBe(text);
  expect(cloudfront.read({ 'distribution.yaml': broken(text) })).toMatchObject(facts);
});

test('an error page with status 200 for the whole distribution is soft, too', () => {
  const page = (ErrorCode: number) => ({
    ErrorCode,
    ResponseCode: 200,
    ResponsePagePath: '/soft-fail',
    ErrorCachingMinTTL: 0,
  });
  const config = {
    ...clicked.DistributionConfig,
    CustomErrorResponses: { Quantity: 3, Items: [502, 503, 504].map(page) },
  };

  expect(read(config).refusals).toMatchObject({ value: 'soft', setting: 'ResponsePagePath /soft-fail' });
});

test('a distribution is found inside a template', () => {
  const template = { Resources: { D: { Type: 'AWS::CloudFront::Distribution', Properties: clicked } } };

  expect(read(template).idleTimers?.[0]?.value).toBe(30);
});

test('fails where there is no distribution', () => {
  expect(() => read({ Resources: {} })).toThrow(
    'distribution.json: no distribution with Origins and a DefaultCacheBehavior',
  );
});
