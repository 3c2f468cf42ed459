import { App, CfnParameter, Duration, Mixins, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AppProtocol,
  Cluster,
  ContainerImage,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  type PortMapping,
} from 'aws-cdk-lib/aws-ecs';
import { CfnParameterGroup, CfnReplicationGroup, CfnServerlessCache } from 'aws-cdk-lib/aws-elasticache';
import {
  ApplicationLoadBalancer,
  ApplicationTargetGroup,
  CfnLoadBalancer,
  CfnTargetGroup,
  NetworkLoadBalancer,
  TargetGroupLoadBalancingAlgorithmType,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { StreamTuning } from '../../lib/aws/stream-tuning.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { findingsOf, foreignApp } from './foreign.ts';
import { attributesOf, only } from './stacks.ts';

const policy = definePolicy();
const tuning = () => new StreamTuning(policy);

const balancerType = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const groupType = 'AWS::ElasticLoadBalancingV2::TargetGroup';

const stackOf = () => new Stack(new App({ builtinCloudFormationValidation: false }), 'Shop');
const attributes = (stack: Stack, type: string, property: string) =>
  attributesOf(only(Template.fromStack(stack), type)[property]);

/** A shop as anybody would write it, with what an evening's reading suggests. */
function shop(stack: Stack) {
  // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 }) as IVpc;
  const balancer = new ApplicationLoadBalancer(stack, 'Front', { vpc, idleTimeout: Duration.seconds(30) });
  const group = new ApplicationTargetGroup(stack, 'Group', {
    vpc,
    port: 80,
    targetType: TargetType.IP,
    slowStart: Duration.seconds(60),
    deregistrationDelay: Duration.seconds(5),
    stickinessCookieDuration: Duration.days(1),
  });
  balancer.addListener('Http', { port: 80, defaultTargetGroups: [group] });
  const task = new FargateTaskDefinition(stack, 'Task');
  task.addContainer('web', {
    image: ContainerImage.fromRegistry('web'),
    stopTimeout: Duration.seconds(10),
    portMappings: [{ containerPort: 80 }],
  });
  task.addContainer('agent', { image: ContainerImage.fromRegistry('agent'), stopTimeout: Duration.seconds(10) });
  const cluster = new Cluster(stack, 'Cluster', { vpc }) as ICluster;
  const service = new FargateService(stack, 'Service', { cluster, taskDefinition: task });
  service.attachToApplicationTargetGroup(group);
  const store = new CfnReplicationGroup(stack, 'Store', {
    replicationGroupDescription: 'sessions',
    engine: 'valkey',
    engineVersion: '8.2',
    cacheNodeType: 'cache.t4g.small',
    numCacheClusters: 1,
  });
  return { vpc, balancer, group, task, service, store };
}

describe('a whole tree', () => {
  test('breaks the policy before, and keeps it after', () => {
    const before = foreignApp();
    shop(before.stack);
    expect(new Set(findingsOf(before.app).map(({ rule }) => rule))).toEqual(
      new Set([
        'idle-timer-outlasts-silence',
        'routing-forgets-before-stop',
        'affinity-ends-with-the-stream',
        'drain-fits-the-deadline',
        'history-is-not-evicted',
      ]),
    );

    const after = foreignApp();
    shop(after.stack);
    Mixins.of(after.app).apply(tuning());
    expect(findingsOf(after.app)).toEqual([]);
  });

  test('says what was set, where, and what stood there before', () => {
    const stack = stackOf();
    shop(stack);
    const mixin = tuning();
    Mixins.of(stack).apply(mixin);
    const annotations = Annotations.fromStack(stack);

    expect(mixin.changes.map(({ construct, key, before, after }) => [construct, key, before, after])).toEqual(
      expect.arrayContaining([
        ['Shop/Front/Resource', 'idle_timeout.timeout_seconds', '30', '60'],
        ['Shop/Group/Resource', 'slow_start.duration_seconds', '60', '0'],
        ['Shop/Task/Resource', 'web.stopTimeout', 10, 40],
        ['Shop/Task/Resource', 'web.nofile', undefined, 65_535],
        ['Shop/Service/Service', 'minimumHealthyPercent', 50, 100],
        ['Shop/Store', 'CacheParameterGroupName', undefined, 'Shop/Store/StreamParameters'],
      ]),
    );
    annotations.hasInfo('/Shop/Front/Resource', 'stream tuning: idle_timeout.timeout_seconds 30 → 60');
  });

  test('has nothing to change a second time', () => {
    const stack = stackOf();
    shop(stack);
    Mixins.of(stack).apply(tuning());
    const again = tuning();
    Mixins.of(stack).apply(again);
    Template.fromStack(stack);

    expect(again.changes).toEqual([]);
  });
});

describe('one construct', () => {
  test('a balancer keeps its other attributes, and what is set later', () => {
    const stack = stackOf();
    const { balancer } = shop(stack);
    balancer.with(tuning());
    balancer.setAttribute('waf.fail_open.enabled', 'true');

    expect(attributes(stack, balancerType, 'LoadBalancerAttributes')).toEqual({
      'deletion_protection.enabled': 'false',
      'idle_timeout.timeout_seconds': '60',
      'client_keep_alive.seconds': '3990',
      'routing.http2.enabled': 'true',
      'routing.http.drop_invalid_header_fields.enabled': 'true',
      'waf.fail_open.enabled': 'true',
    });
  });

  test('an L1 balancer or target group', () => {
    const stack = stackOf();
    new CfnLoadBalancer(stack, 'Front', {
      loadBalancerAttributes: [{ key: 'idle_timeout.timeout_seconds', value: '30' }],
    }).with(tuning());
    new CfnTargetGroup(stack, 'Group', { protocol: 'HTTP' }).with(tuning());

    expect(attributes(stack, balancerType, 'LoadBalancerAttributes')).toMatchObject({
      'idle_timeout.timeout_seconds': '60',
    });
    expect(attributes(stack, groupType, 'TargetGroupAttributes')).toMatchObject({
      'load_balancing.algorithm.type': 'least_outstanding_requests',
      'deregistration_delay.timeout_seconds': '15',
    });
  });

  test('a target group keeps its health check', () => {
    const stack = stackOf();
    const vpc = new Vpc(stack, 'Vpc') as IVpc;
    new ApplicationTargetGroup(stack, 'Group', {
      vpc,
      port: 80,
      loadBalancingAlgorithmType: TargetGroupLoadBalancingAlgorithmType.WEIGHTED_RANDOM,
      healthCheck: { path: '/up' },
    }).with(tuning());

    expect(only(Template.fromStack(stack), groupType).HealthCheckPath).toBe('/up');
    expect(attributes(stack, groupType, 'TargetGroupAttributes')['load_balancing.algorithm.type']).toBe(
      'least_outstanding_requests',
    );
  });

  test('a task: containers with a port, also those that come later; sidecars stay', () => {
    const stack = stackOf();
    const { task } = shop(stack);
    task.with(tuning());
    task.addContainer('late', { image: ContainerImage.fromRegistry('late'), portMappings: [{ containerPort: 81 }] });

    const nofile = [{ Name: 'nofile', SoftLimit: 65_535, HardLimit: 65_535 }];
    expect(only(Template.fromStack(stack), 'AWS::ECS::TaskDefinition').ContainerDefinitions).toEqual([
      expect.objectContaining({ Name: 'web', StopTimeout: 40, Ulimits: nofile }),
      expect.objectContaining({ Name: 'agent', StopTimeout: 10 }),
      expect.objectContaining({ Name: 'late', StopTimeout: 40, Ulimits: nofile }),
    ]);
  });

  test('a service: full strength during deployments, and back when one fails', () => {
    const stack = stackOf();
    shop(stack).service.with(tuning());

    expect(only(Template.fromStack(stack), 'AWS::ECS::Service').DeploymentConfiguration).toMatchObject({
      MinimumHealthyPercent: 100,
      MaximumPercent: 200,
      DeploymentCircuitBreaker: { Enable: true, Rollback: true },
    });
  });

  test.each<[string, Partial<PortMapping>, object | undefined]>([
    ['HTTP', { appProtocol: AppProtocol.http }, { PerRequestTimeoutSeconds: 0, IdleTimeoutSeconds: 300 }],
    ['TCP', {}, undefined],
  ])('a service behind the proxy of Service Connect, over %s', (_, port, timeout) => {
    const stack = stackOf();
    const cluster = new Cluster(stack, 'Cluster', {
      vpc: new Vpc(stack, 'Vpc') as IVpc,
      defaultCloudMapNamespace: { name: 'shop' },
    }) as ICluster;
    const taskDefinition = new FargateTaskDefinition(stack, 'Task');
    taskDefinition.addContainer('web', {
      image: ContainerImage.fromRegistry('web'),
      portMappings: [{ containerPort: 80, name: 'web', ...port }],
    });
    new FargateService(stack, 'Service', {
      cluster,
      taskDefinition,
      serviceConnectConfiguration: { services: [{ portMappingName: 'web' }] },
    }).with(tuning());

    const { Services } = only(Template.fromStack(stack), 'AWS::ECS::Service').ServiceConnectConfiguration;
    expect(Services[0].Timeout).toEqual(timeout);
  });

  test('a store: parameters of its own in place of the default ones', () => {
    const stack = stackOf();
    const { store } = shop(stack);
    store.cacheParameterGroupName = 'default.valkey8.cluster.on';
    store.with(tuning());

    const template = Template.fromStack(stack);
    expect(only(template, 'AWS::ElastiCache::ParameterGroup')).toMatchObject({
      CacheParameterGroupFamily: 'valkey8',
      Properties: { 'cluster-enabled': 'yes', 'maxmemory-policy': 'noeviction' },
    });
    template.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      CacheParameterGroupName: { Ref: Match.stringLikeRegexp('StreamParameters') },
    });
  });

  test('a store: the parameters that it has, with those that others have set', () => {
    const stack = stackOf();
    const { store } = shop(stack);
    const group = new CfnParameterGroup(stack, 'Parameters', {
      cacheParameterGroupFamily: 'valkey8',
      description: 'shop',
      properties: { 'maxmemory-policy': 'allkeys-lru', 'notify-keyspace-events': 'Ex' },
    });
    store.cacheParameterGroupName = group.ref;
    store.with(tuning());

    expect(only(Template.fromStack(stack), 'AWS::ElastiCache::ParameterGroup').Properties).toMatchObject({
      'maxmemory-policy': 'noeviction',
      'notify-keyspace-events': 'Ex',
    });
  });
});

describe('refuses', () => {
  test.each<[string, (stack: Stack) => void, string]>([
    [
      'an imported balancer, with what to set where it is defined',
      (stack) =>
        ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, 'Front', {
          loadBalancerArn:
            'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188',
          securityGroupId: 'sg-12345678',
        }),
      'Shop/Front is imported, and CDK changes nothing that is; set where it is defined idle_timeout.timeout_seconds 60',
    ],
    [
      'parameters that are defined elsewhere',
      (stack) => {
        shop(stack).store.cacheParameterGroupName = 'sessions';
      },
      'the parameters of Shop/Store are defined elsewhere ("sessions"); set there client-output-buffer-limit-pubsub-hard-limit',
    ],
    [
      'attributes that only the deployment will know',
      (stack) => {
        const list = new CfnParameter(stack, 'List', { type: 'CommaDelimitedList' });
        new CfnLoadBalancer(stack, 'Front', {
          // a mapping could stand here, too
          loadBalancerAttributes: { resolve: () => ({ Ref: list.logicalId }), creationStack: [] },
        });
      },
      'LoadBalancerAttributes of Shop/Front is known at deployment only; tune it where its value comes from',
    ],
    [
      'a serverless store that evicts',
      (stack) => {
        new CfnServerlessCache(stack, 'Store', {
          engine: 'valkey',
          serverlessCacheName: 'store',
          cacheUsageLimits: { dataStorage: { unit: 'GB', maximum: 5 } },
        });
      },
      'Shop/Store is serverless, which has no parameters to tune: elasticache: serverless with DataStorage.Maximum=5',
    ],
  ])('%s', (_, build, says) => {
    const stack = stackOf();
    build(stack);

    expect(() => {
      Mixins.of(stack).apply(tuning());
      Template.fromStack(stack);
    }).toThrow(says);
  });

  test('a policy that AWS cannot express', () => {
    const stack = stackOf();
    shop(stack);
    const long = definePolicy({ drainSeconds: 300 });

    expect(() => Mixins.of(stack).apply(new StreamTuning(long))).toThrow(
      'drainSeconds (300) + 10 s must be at most 120',
    );
  });
});

test('leaves alone what has no place for it: network balancers, their target groups, functions', () => {
  const stack = stackOf();
  const vpc = new Vpc(stack, 'Vpc') as IVpc;
  new NetworkLoadBalancer(stack, 'Net', { vpc }).addListener('Tcp', { port: 80 }).addTargets('T', { port: 80 });
  new CfnTargetGroup(stack, 'Function', { targetType: 'lambda' });
  const mixin = tuning();
  Mixins.of(stack).apply(mixin);
  Template.fromStack(stack);

  expect(mixin.changes).toEqual([]);
});
