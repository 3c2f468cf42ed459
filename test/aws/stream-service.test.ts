import { Template } from 'aws-cdk-lib/assertions';
import { definePolicy, policyFromEnv } from '../../lib/policy/index.ts';
import { only, stacks } from './stacks.ts';

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
