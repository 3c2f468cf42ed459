import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { StreamLoadBalancer, StreamService, serviceImage } from '../../lib/aws/index.ts';
import { definePolicy, policyFromEnv } from '../../lib/policy/index.ts';
import { existing as known } from './deployments.ts';
import { only, stacks, testApp } from './stacks.ts';

const templateOf = (overrides: Parameters<typeof stacks>[0] = {}) => Template.fromStack(stacks(overrides).service);
const template = templateOf();

const containerOf = (from: Template) => only(from, 'AWS::ECS::TaskDefinition').ContainerDefinitions[0];
const environmentOf = (from: Template): Record<string, string> =>
  Object.fromEntries(
    containerOf(from).Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [Name, Value]),
  );

test('the container stops, and opens files, as the ecs target says', () => {
  const { StopTimeout, Ulimits, ReadonlyRootFilesystem } = containerOf(template);

  expect({ StopTimeout, Ulimits, ReadonlyRootFilesystem }).toMatchInlineSnapshot(`
    {
      "ReadonlyRootFilesystem": true,
      "StopTimeout": 40,
      "Ulimits": [
        {
          "HardLimit": 65535,
          "Name": "nofile",
          "SoftLimit": 65535,
        },
      ],
    }
  `);
});

test('the container follows the policy', () => {
  const { StopTimeout, Ulimits } = containerOf(templateOf({ policy: { drainSeconds: 110, maxStreams: 100_000 } }));

  expect([StopTimeout, Ulimits[0].HardLimit]).toEqual([120, 121_000]);
});

test('the service gets the very policy the balancer was configured by', () => {
  expect(policyFromEnv(environmentOf(templateOf({ policy: { heartbeatSeconds: 7 } })))).toEqual(
    definePolicy({ heartbeatSeconds: 7 }),
  );
});

test('the service is told where it listens, where its store is and under which name it tells its metrics', () => {
  const { SSE_POLICY: _, REDIS_URL, ...environment } = environmentOf(template);

  expect(environment).toEqual({
    HOST: '0.0.0.0',
    PORT: '8080',
    TRUST_PROXY: 'true',
    AUTH_MODE: 'jwt',
    REDIS_USERNAME: 'default',
    EMF_SERVICE: 'Test',
    QUERY_TOKENS: 'false',
  });
  expect(JSON.stringify(REDIS_URL)).toMatch(/rediss:.*PrimaryEndPointAddress.*:6379/);
});

test('the password of the store and the key of tokens come from their secrets', () => {
  const names = (from: Template) => containerOf(from).Secrets.map(({ Name }: { Name: string }) => Name);

  expect(names(template)).toEqual(['REDIS_PASSWORD', 'JWT_SECRET']);
  expect(names(templateOf({ service: { settings: { allowAnonymous: true } } }))).toEqual(['REDIS_PASSWORD']);
});

test('the key of tokens may be a value inside a secret that is there already', () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys-a1B2c3';
  const other = templateOf({
    service: { authSecret: { arn, key: 'pem' }, settings: { auth: { key: 'JWT_PUBLIC_KEY' } } },
  });

  expect(containerOf(other).Secrets.at(-1)).toEqual({ Name: 'JWT_PUBLIC_KEY', ValueFrom: `${arn}:pem::` });
});

test('fails without the public key that tokens are to be verified with', () => {
  expect(() => stacks({ service: { settings: { auth: { key: 'JWT_PUBLIC_KEY' } } } })).toThrow(
    'authSecret (none) must be the secret that holds JWT_PUBLIC_KEY, which only the issuer of the tokens has',
  );
});

test('everybody gets in only when the configuration says so', () => {
  expect(environmentOf(templateOf({ service: { settings: { allowAnonymous: true } } }))).toMatchObject({
    AUTH_MODE: 'none',
    ALLOW_ANONYMOUS: 'true',
  });
  expect(environmentOf(template)).not.toHaveProperty('ALLOW_ANONYMOUS');
});

test('a deployment starts the new replicas first, and goes back by itself when they do not get ready', () => {
  const { DeploymentConfiguration, HealthCheckGracePeriodSeconds } = only(template, 'AWS::ECS::Service');

  expect({ DeploymentConfiguration, HealthCheckGracePeriodSeconds }).toMatchInlineSnapshot(`
    {
      "DeploymentConfiguration": {
        "DeploymentCircuitBreaker": {
          "Enable": true,
          "Rollback": true,
        },
        "MaximumPercent": 200,
        "MinimumHealthyPercent": 100,
      },
      "HealthCheckGracePeriodSeconds": 30,
    }
  `);
});

test('tasks have no public address, run on ARM64 and give nobody a shell', () => {
  expect(only(template, 'AWS::ECS::Service')).toMatchObject({
    EnableExecuteCommand: false,
    NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
  });
  expect(only(template, 'AWS::ECS::TaskDefinition').RuntimePlatform.CpuArchitecture).toBe('ARM64');
});

test('the container is nobody in particular, and may do nothing but its work', () => {
  const { User, LinuxParameters, ReadonlyRootFilesystem } = containerOf(template);

  expect({ User, ReadonlyRootFilesystem, drop: LinuxParameters.Capabilities.Drop }).toEqual({
    User: '1000',
    ReadonlyRootFilesystem: true,
    drop: ['ALL'],
  });
});

test('a store that is there already is reached by what is known of it, and lets the service in', () => {
  const imported = templateOf({ service: { store: known.redis } });

  expect(environmentOf(imported)).toMatchObject({
    REDIS_URL: 'rediss://events.example.cache.amazonaws.com:6379',
    REDIS_USERNAME: 'sse',
  });
  expect(containerOf(imported).Secrets[0]).toEqual({
    Name: 'REDIS_PASSWORD',
    ValueFrom: `${known.redis.secretArn}:password::`,
  });
  const rules = Object.values(imported.findResources('AWS::EC2::SecurityGroupIngress')).map(
    ({ Properties: { FromPort, GroupId } }) => [FromPort, GroupId],
  );
  expect(rules).toContainEqual([6379, known.redis.securityGroupId]);
});

test('balancer, service and store reach each other by security group, never by address', () => {
  const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'));

  expect(
    rules.map(({ Properties: { FromPort, SourceSecurityGroupId } }) => [FromPort, typeof SourceSecurityGroupId]),
  ).toEqual([
    [8080, 'object'],
    [6379, 'object'],
  ]);
});

describe('a range of replicas', () => {
  const ranged = templateOf({
    policy: { maxStreamAgeSeconds: 7200, maxStreams: 10_000 },
    service: { minReplicas: 3, maxReplicas: 9 },
  });

  test('has steps and schedules on top, as they are given', () => {
    const stack = new Stack(testApp(), 'Scaled');
    const vpc = new Vpc(stack, 'Vpc') as IVpc;
    const policy = definePolicy();
    const { targetGroup } = new StreamLoadBalancer(stack, 'Balancer', { policy, vpc });
    new StreamService(stack, 'Streams', {
      policy,
      vpc,
      targetGroup,
      image: serviceImage(stack, 'registry.example.com/sse-kit:1'),
      maxReplicas: 20,
      streamsShare: 0.25,
      scalingSteps: [
        { lower: 15_000, change: 4 },
        { lower: 18_000, change: 8 },
      ],
      scalingSchedules: { Match: { schedule: Schedule.cron({ hour: '19', minute: '30' }), minCapacity: 12 } },
    });
    const scaled = Template.fromStack(stack);

    expect(only(scaled, 'AWS::ApplicationAutoScaling::ScalableTarget').ScheduledActions).toMatchObject([
      { ScheduledActionName: 'Match', Schedule: 'cron(30 19 * * ? *)', ScalableTargetAction: { MinCapacity: 12 } },
    ]);
    const policies = Object.values(scaled.findResources('AWS::ApplicationAutoScaling::ScalingPolicy'));
    expect(policies.map(({ Properties: { PolicyType } }) => PolicyType).sort()).toEqual([
      'StepScaling',
      'TargetTrackingScaling',
      'TargetTrackingScaling',
    ]);
    expect(trackingOf(scaled)[0].TargetValue).toBe(5000);
  });

  test('leaves the count to scaling; a fixed number is a count', () => {
    expect(only(template, 'AWS::ECS::Service').DesiredCount).toBe(2);
    expect(only(ranged, 'AWS::ECS::Service').DesiredCount).toBeUndefined();
    expect(only(ranged, 'AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({
      MinCapacity: 3,
      MaxCapacity: 9,
    });
  });

  test('keeps streams per task at half of what a task can hold, and takes one away at most once in a stream age', () => {
    expect(trackingOf(ranged)).toMatchInlineSnapshot(`
      [
        {
          "CustomizedMetricSpecification": {
            "Dimensions": [
              {
                "Name": "Service",
                "Value": "Test",
              },
            ],
            "MetricName": "sse_streams_active",
            "Namespace": "SseKit",
            "Statistic": "Average",
          },
          "ScaleInCooldown": 7200,
          "ScaleOutCooldown": 60,
          "TargetValue": 5000,
        },
        {
          "DisableScaleIn": true,
          "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ECSServiceAverageCPUUtilization",
          },
          "TargetValue": 60,
        },
      ]
    `);
  });
});

const trackingOf = (from: Template) =>
  Object.values(from.findResources('AWS::ApplicationAutoScaling::ScalingPolicy')).map(
    ({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration,
  );

test('fails when Fargate would kill a task before its streams are drained', () => {
  expect(() => stacks({ policy: { drainSeconds: 300 } })).toThrow(
    "drainSeconds (300) + 10 s must be at most 120, Fargate's stopTimeout limit; lower drainSeconds to 110",
  );
});
