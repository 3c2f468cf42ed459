import { CfnResource } from 'aws-cdk-lib';
import { findingsOf, foreignApp } from '../foreign.ts';

const managed = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const errors = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504].map((ErrorCode) => ({
  ErrorCode,
  ErrorCachingMinTTL: 0,
}));
const soft = [502, 503, 504].map((ErrorCode) => ({
  ErrorCode,
  ErrorCachingMinTTL: 0,
  ResponseCode: 200,
  ResponsePagePath: '/x',
}));

/** A distribution that leaves streams alone, but for what is said. */
const distributionWith = (origin: object, more: object = {}) => ({
  DistributionConfig: {
    Enabled: true,
    Origins: [{ Id: 'a', DomainName: 'a.example.com', ...origin }],
    DefaultCacheBehavior: { TargetOriginId: 'a', ViewerProtocolPolicy: 'redirect-to-https', CachePolicyId: managed },
    CustomErrorResponses: [...soft, ...errors.filter(({ ErrorCode }) => ErrorCode < 502)],
    ...more,
  },
});

const custom = (seconds: object) => ({
  CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginReadTimeout: 60, ...seconds },
});

function saidOf(properties: object) {
  const { app, stack } = foreignApp();
  new CfnResource(stack, 'It', { type: 'AWS::CloudFront::Distribution', properties: { ...properties } });
  return findingsOf(app).map(({ rule, says }) => [rule, says]);
}

test('a distribution that leaves streams alone is fine', () => {
  expect(saidOf(distributionWith(custom({})))).toEqual([]);
});

test.each<[string, object, string, string]>([
  [
    'the default read timeout',
    distributionWith({ CustomOriginConfig: { OriginProtocolPolicy: 'https-only' } }),
    'idle-timer-outlasts-silence',
    'OriginReadTimeout 30 (default)',
  ],
  [
    'a read timeout beyond the quota',
    distributionWith(custom({ OriginReadTimeout: 500 })),
    'cloudfront-read-timeout',
    'OriginReadTimeout (500) must be from 1 to 120',
  ],
  [
    'a cap',
    distributionWith({ ...custom({}), ResponseCompletionTimeout: 600 }),
    'no-cap-below-stream-age',
    'ResponseCompletionTimeout 600',
  ],
  [
    'errors that are kept',
    distributionWith(custom({}), { CustomErrorResponses: soft }),
    'streams-are-not-cached',
    'ErrorCachingMinTTL of 400',
  ],
])('fails for %s', (_, properties, rule, says) => {
  expect(saidOf(properties)).toEqual([[rule, expect.stringContaining(says)]]);
});

test('a website in a bucket is on no stream path', () => {
  expect(saidOf(distributionWith({ S3OriginConfig: {} }, { CustomErrorResponses: [] }))).toEqual([]);
});

test('what only the deployment will know is said, and not judged', () => {
  expect(saidOf(distributionWith(custom({ OriginReadTimeout: { Ref: 'AWS::NoValue' } })))[0]?.[0]).toBe(
    'known-at-synth',
  );
});
