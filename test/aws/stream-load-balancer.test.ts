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

test('readiness decides which replicas get new streams', () => {
  expect(only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toMatchObject({
    HealthCheckPath: '/readyz',
    HealthCheckIntervalSeconds: 5,
    HealthCheckTimeoutSeconds: 4,
    HealthyThresholdCount: 2,
    UnhealthyThresholdCount: 2,
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

/** Who may reach the balancer, by the rules of its own security group. */
function ingressOf(from: Template) {
  return Object.values(from.findResources('AWS::EC2::SecurityGroup'))
    .flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? [])
    .map(({ CidrIp, FromPort }) => ({ from: JSON.stringify(CidrIp), port: FromPort }));
}
