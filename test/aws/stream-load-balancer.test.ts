import { Template } from 'aws-cdk-lib/assertions';
import { hopRules } from '../../lib/policy/index.ts';
import { alb } from '../../lib/targets/index.ts';
import { attributesOf, only, stacks } from './stacks.ts';

const { policy, service } = stacks();
const template = Template.fromStack(service);
const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';

const balancerOf = (from: Template) =>
  attributesOf(only(from, 'AWS::ElasticLoadBalancingV2::LoadBalancer').LoadBalancerAttributes);
const targetsOf = (from: Template) =>
  attributesOf(only(from, 'AWS::ElasticLoadBalancingV2::TargetGroup').TargetGroupAttributes);

test('the balancer has the attributes of the alb target', () => {
  expect(balancerOf(template)).toMatchInlineSnapshot(`
    {
      "access_logs.s3.bucket": {
        "Ref": "BalancerLogs0DFD7410",
      },
      "access_logs.s3.enabled": "true",
      "access_logs.s3.prefix": "access",
      "client_keep_alive.seconds": "3990",
      "connection_logs.s3.bucket": {
        "Ref": "BalancerLogs0DFD7410",
      },
      "connection_logs.s3.enabled": "true",
      "connection_logs.s3.prefix": "connection",
      "deletion_protection.enabled": "false",
      "idle_timeout.timeout_seconds": "60",
      "routing.http.drop_invalid_header_fields.enabled": "true",
      "routing.http2.enabled": "true",
    }
  `);
});

test('the target group has the attributes of the alb target', () => {
  expect(targetsOf(template)).toMatchInlineSnapshot(`
    {
      "deregistration_delay.timeout_seconds": "15",
      "load_balancing.algorithm.type": "least_outstanding_requests",
      "stickiness.enabled": "true",
      "stickiness.lb_cookie.duration_seconds": "3600",
      "stickiness.type": "lb_cookie",
    }
  `);
});

test('readiness decides which replicas get new streams, and which are replaced, but not before a failover is over', () => {
  expect(only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toMatchObject({
    HealthCheckPath: '/readyz',
    HealthCheckIntervalSeconds: 10,
    HealthCheckTimeoutSeconds: 5,
    HealthyThresholdCount: 2,
    UnhealthyThresholdCount: 10,
  });
});

describe('what the template says obeys every rule of the policy', () => {
  const config = { loadBalancer: balancerOf(template), targetGroup: targetsOf(template), healthCheck: {} };
  const brokenWith = (more: object) =>
    hopRules.filter((rule) => rule.judge(policy, alb.read({ ...config, ...more })).verdict === 'broken');

  test('with a service that takes no token from a URL', () => {
    const { Environment } = only(template, 'AWS::ECS::TaskDefinition').ContainerDefinitions[0];

    expect(Environment).toContainEqual({ Name: 'QUERY_TOKENS', Value: 'false' });
    expect(brokenWith({ queryTokens: false })).toEqual([]);
  });

  test('and not with one that does: its access log would hold tokens', () => {
    expect(brokenWith({}).map(({ id }) => id)).toEqual(['tokens-stay-out-of-logs']);
  });
});

test('attributes follow the policy', () => {
  const other = Template.fromStack(
    stacks({ policy: { idleSeconds: 90, propagationSeconds: 25, maxStreamAgeSeconds: 1800, stickiness: 'none' } })
      .service,
  );

  expect(balancerOf(other)).toMatchObject({
    'idle_timeout.timeout_seconds': '90',
    'client_keep_alive.seconds': '2010',
  });
  expect(targetsOf(other)).toMatchObject({
    'deregistration_delay.timeout_seconds': '25',
    'stickiness.enabled': 'false',
  });
});

test('fails when the balancer cannot wait as long as the policy asks', () => {
  expect(() => stacks({ policy: { idleSeconds: 4001, keepAliveSeconds: 5000, replaySeconds: 5000 } })).toThrow(
    'idleSeconds (4001) must be at most 4000',
  );
});

test('internal, plain HTTP and open to the VPC alone unless asked otherwise', () => {
  expect(only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Scheme).toBe('internal');
  expect(only(template, 'AWS::ElasticLoadBalancingV2::Listener')).toMatchObject({ Port: 80, Protocol: 'HTTP' });
  expect(ingressOf(template)).toEqual([{ from: expect.stringContaining('CidrBlock'), port: 80 }]);
});

test('with a certificate: HTTPS with TLS 1.2 or newer, and a redirect from HTTP', () => {
  const secure = Template.fromStack(stacks({ service: { certificateArn, internetFacing: true } }).service);
  const listeners = Object.values(secure.findResources('AWS::ElasticLoadBalancingV2::Listener'));

  expect(
    listeners.map(({ Properties: { Port, SslPolicy, DefaultActions } }) => [Port, SslPolicy, DefaultActions[0].Type]),
  ).toMatchInlineSnapshot(`
    [
      [
        80,
        undefined,
        "redirect",
      ],
      [
        443,
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "forward",
      ],
    ]
  `);
  expect(ingressOf(secure)).toEqual([
    { from: '"0.0.0.0/0"', port: 80 },
    { from: '"0.0.0.0/0"', port: 443 },
  ]);
});

describe('a name', () => {
  const named = Template.fromStack(
    stacks({
      service: { domainName: 'sse.example.com', hostedZone: { id: 'Z0123456789ABC', name: 'example.com' } },
    }).service,
  );

  test('in a zone of ours gets a certificate that proves itself, and a record that leads to the balancer', () => {
    expect(only(named, 'AWS::CertificateManager::Certificate')).toMatchObject({
      DomainName: 'sse.example.com',
      ValidationMethod: 'DNS',
      DomainValidationOptions: [{ DomainName: 'sse.example.com', HostedZoneId: 'Z0123456789ABC' }],
    });
    expect(only(named, 'AWS::Route53::RecordSet')).toMatchObject({ Name: 'sse.example.com.', Type: 'A' });
  });

  test('leads elsewhere where a CDN stands in front', () => {
    const behind = Template.fromStack(
      stacks({
        service: {
          domainName: 'sse.example.com',
          hostedZone: { id: 'Z0123456789ABC', name: 'example.com' },
          dnsRecord: false,
        },
      }).service,
    );

    behind.resourceCountIs('AWS::Route53::RecordSet', 0);
    behind.resourceCountIs('AWS::CertificateManager::Certificate', 1);
  });
});

describe('the bucket of its logs', () => {
  test('is written to by the balancer alone, over TLS, and empties itself', () => {
    const bucket = only(template, 'AWS::S3::Bucket');
    const statements = only(template, 'AWS::S3::BucketPolicy').PolicyDocument.Statement;

    expect(bucket).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 14, Status: 'Enabled' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    });
    const allowed = statements.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    expect(allowed.map(({ Action, Principal }: Record<string, unknown>) => [Action, Principal])).toEqual([
      ['s3:PutObject', { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' }],
    ]);
    expect(JSON.stringify(allowed)).toMatch(/access\/AWSLogs.*connection\/AWSLogs/);
  });

  test('can be written to before the balancer tries', () => {
    const [balancer] = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::LoadBalancer'));
    const [policyId] = Object.keys(template.findResources('AWS::S3::BucketPolicy'));

    expect(balancer?.DependsOn).toContain(policyId);
  });
});

/** Who may reach the balancer, by the rules of its own security group. */
function ingressOf(from: Template) {
  return Object.values(from.findResources('AWS::EC2::SecurityGroup'))
    .flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? [])
    .map(({ CidrIp, FromPort }) => ({ from: JSON.stringify(CidrIp), port: FromPort }));
}
