import type { Template } from 'aws-cdk-lib/assertions';
import { defaults, hopRules, PolicyError } from '../../lib/policy/index.ts';
import { cloudfront } from '../../lib/targets/index.ts';
import { only, templatesOf } from './stacks.ts';

const made = (aws: object = {}, more: object = {}): Readonly<Record<string, Template>> =>
  templatesOf({ aws: { edge: 'cloudfront', ...aws }, ...more });

const stacks = made({}, { service: { image: 'x', corsOrigins: ['https://app.example.com'] } });
const edge = stacks.Edge as Template;
const config = only(edge, 'AWS::CloudFront::Distribution').DistributionConfig;

test('the distribution, read back, satisfies every rule', () => {
  const hop = cloudfront.read({ 'Edge.template.json': JSON.stringify(edge.toJSON()) });
  const faults = hopRules.flatMap((rule) => {
    const verdict = rule.judge(defaults, hop);
    return verdict.verdict === 'broken' ? verdict.faults.map(({ message }) => message) : [];
  });

  expect(faults).toEqual([]);
  expect(hop).toMatchObject({ idleTimers: [{ value: 60 }], poolIdle: { value: 55 }, refusals: { value: 'soft' } });
});

test('what matters to streams looks like this', () => {
  const { Origins, CacheBehaviors, DefaultCacheBehavior, HttpVersion } = config;
  const [first] = Origins;

  expect({
    HttpVersion,
    paths: CacheBehaviors.map(({ PathPattern }: { PathPattern: string }) => PathPattern),
    attempts: [first.ConnectionAttempts, first.ConnectionTimeout],
    timeouts: [first.VpcOriginConfig.OriginReadTimeout, first.VpcOriginConfig.OriginKeepaliveTimeout],
    compress: [DefaultCacheBehavior, ...CacheBehaviors].map(({ Compress }) => Compress),
    completion: Origins.some((origin: object) => 'ResponseCompletionTimeout' in origin),
    shield: Origins.some((origin: object) => 'OriginShield' in origin),
  }).toMatchInlineSnapshot(`
{
  "HttpVersion": "http2and3",
  "attempts": [
    2,
    5,
  ],
  "completion": false,
  "compress": [
    false,
    false,
    false,
  ],
  "paths": [
    "/events",
    "/diagnostics/stream",
  ],
  "shield": false,
  "timeouts": [
    60,
    55,
  ],
}
`);
});

test('only streams have a second origin: a publish is told what happened', () => {
  const groups = config.OriginGroups.Items.map(({ Id }: { Id: string }) => Id);

  expect(groups).not.toContain(config.DefaultCacheBehavior.TargetOriginId);
  for (const { TargetOriginId, AllowedMethods } of config.CacheBehaviors) {
    expect(groups).toContain(TargetOriginId);
    expect(AllowedMethods).toEqual(['GET', 'HEAD', 'OPTIONS']);
  }
  expect(config.CustomErrorResponses.filter((error: object) => 'ResponsePagePath' in error)).toEqual([]);
});

test('the second origin answers this distribution alone, has no rights, and knows who may read', () => {
  const properties = only(edge, 'AWS::Lambda::Function');
  const rights = Object.values(edge.findResources('AWS::Lambda::Permission')).map(({ Properties }) => Properties);

  expect(only(edge, 'AWS::Lambda::Url').AuthType).toBe('AWS_IAM');
  expect(rights.map(({ Action }) => Action).sort()).toEqual(['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl']);
  expect(rights.filter(({ Principal, SourceArn }) => Principal !== 'cloudfront.amazonaws.com' || !SourceArn)).toEqual(
    [],
  );
  expect(edge.findResources('AWS::IAM::Policy')).toEqual({});
  expect(properties.Code.ZipFile).toBe(cloudfront.render(defaults)['soft-fail.js.txt']);
  // AWS::Lambda::Function Code, ZipFile
  expect(properties.Code.ZipFile.length).toBeLessThanOrEqual(4096);
  expect(properties.Environment.Variables).toEqual({ CORS_ORIGINS: 'https://app.example.com' });
});

test('the balancer behind it is internal and has no name of its own', () => {
  const service = stacks.Service as Template;

  expect(only(service, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Scheme).toBe('internal');
  expect(service.findResources('AWS::Route53::RecordSet')).toEqual({});
});

test('a name of its own has a certificate, and records where the zone is known', () => {
  const named = made({
    domainName: 'sse.example.com',
    certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/a',
    hostedZone: { id: 'Z0123456789ABC', name: 'example.com' },
    edgeWebAclArn: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b',
  }).Edge as Template;
  const { Aliases, ViewerCertificate, WebACLId } = only(named, 'AWS::CloudFront::Distribution').DistributionConfig;

  expect(Aliases).toEqual(['sse.example.com']);
  expect(ViewerCertificate.MinimumProtocolVersion).toBe('TLSv1.2_2021');
  expect(WebACLId).toContain('webacl');
  expect(
    Object.values(named.findResources('AWS::Route53::RecordSet'))
      .map(({ Properties }) => Properties.Type)
      .sort(),
  ).toEqual(['A', 'AAAA']);
});

test.each<[string, object, RegExp]>([
  ['a public balancer', { internetFacing: true }, /aws\.internetFacing \(true\) must be false with aws\.edge/],
  [
    'a name without a certificate',
    { domainName: 'sse.example.com', hostedZone: { id: 'Z0123456789ABC', name: 'example.com' } },
    /aws\.certificateArn \(none\) must name a certificate of us-east-1/,
  ],
  [
    'a certificate of another region',
    { domainName: 'a.example.com', certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/a' },
    /must be of us-east-1/,
  ],
])('fails for %s', (_, aws, message) => {
  expect(() => made(aws)).toThrow(message);
});

test('fails for an idle timer that CloudFront does not have', () => {
  expect(() => made({}, { policy: { idleSeconds: 180, keepAliveSeconds: 300 } })).toThrow(PolicyError);
  expect(() => made({}, { policy: { idleSeconds: 180, keepAliveSeconds: 300 } })).toThrow(
    'idleSeconds (180) must be at most 120',
  );
});
