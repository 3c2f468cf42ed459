import { CfnParameter, CfnResource, NestedStack, Stack, Validations } from 'aws-cdk-lib';
import { StreamPolicyChecks } from '../../lib/aws/stream-policy-checks.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { findingsOf, foreignApp } from './foreign.ts';
import { deployedIn, testApp } from './stacks.ts';

type Properties = Readonly<Record<string, unknown>>;

const balancer = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const targetGroup = 'AWS::ElasticLoadBalancingV2::TargetGroup';
const listener = 'AWS::ElasticLoadBalancingV2::Listener';
const task = 'AWS::ECS::TaskDefinition';
const service = 'AWS::ECS::Service';

const store = 'AWS::ElastiCache::ReplicationGroup';
const parameters = 'AWS::ElastiCache::ParameterGroup';

const pairs = (attributes: Readonly<Record<string, unknown>>) =>
  Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
const balancerWith = (attributes: Properties, more: Properties = {}) => ({
  ...more,
  LoadBalancerAttributes: pairs(attributes),
});
/** What the policy asks of a target group, so that a test sees its own finding alone. */
const obedient = { 'deregistration_delay.timeout_seconds': '15' };
const groupWith = (attributes: Properties, more: Properties = {}) => ({
  Protocol: 'HTTP',
  ...more,
  TargetGroupAttributes: pairs({ ...obedient, ...attributes }),
});
const taskWith = (container: Properties, more: Properties = {}) => ({
  RequiresCompatibilities: ['FARGATE'],
  ...more,
  ContainerDefinitions: [{ Name: 'web', PortMappings: [{ ContainerPort: 80 }], StopTimeout: 60, ...container }],
});

/** What is said of one resource that came from a template, unseen by any L2. */
function saidOf(type: string, properties: Properties) {
  const { app, stack } = foreignApp();
  new CfnResource(stack, 'It', { type, properties });
  return findingsOf(app).map(({ rule, severity, says, where }) => ({ rule, severity, says, where }));
}

describe('what nothing else notices before CloudFormation calls the service', () => {
  test.each<[string, string, Properties, string, string, string]>([
    [
      'an idle timeout above the limit',
      balancer,
      balancerWith({ 'idle_timeout.timeout_seconds': '5000' }),
      'elb-balancer-value',
      'idle_timeout.timeout_seconds (5000) must be a whole number from 1 to 4000; lower it to 4000',
      'Properties.LoadBalancerAttributes',
    ],
    [
      'an idle timeout of 0',
      balancer,
      balancerWith({ 'idle_timeout.timeout_seconds': '0' }),
      'elb-balancer-value',
      'idle_timeout.timeout_seconds (0) must be a whole number from 1 to 4000; raise it to 1',
      'Properties.LoadBalancerAttributes',
    ],
    [
      'a misspelt attribute of a balancer',
      balancer,
      balancerWith({ 'idle_timeout.timeout_second': '60' }),
      'elb-balancer-attribute',
      'idle_timeout.timeout_second is no attribute of an Application Load Balancer; did you mean idle_timeout.timeout_seconds?',
      'Properties.LoadBalancerAttributes',
    ],
    [
      'an attribute that stops half way',
      balancer,
      balancerWith({ idle_timeout: '60' }),
      'elb-balancer-attribute',
      'idle_timeout is no attribute of an Application Load Balancer; did you mean idle_timeout.timeout_seconds?',
      'Properties.LoadBalancerAttributes',
    ],
    [
      "an Application Load Balancer's attribute on a Network Load Balancer",
      balancer,
      balancerWith({ 'idle_timeout.timeout_seconds': '60' }, { Type: 'network' }),
      'elb-balancer-attribute',
      'idle_timeout.timeout_seconds is no attribute of a Network Load Balancer; remove it',
      'Properties.LoadBalancerAttributes',
    ],
    [
      'a misspelt attribute of a target group',
      targetGroup,
      groupWith({ 'stickyness.enabled': 'true' }),
      'elb-target-group-attribute',
      'stickyness.enabled is no attribute of a target group of an Application Load Balancer; did you mean stickiness.enabled?',
      'Properties.TargetGroupAttributes',
    ],
    [
      "a Network Load Balancer's attribute on an HTTP target group",
      targetGroup,
      groupWith({ 'preserve_client_ip.enabled': 'true' }),
      'elb-target-group-attribute',
      'preserve_client_ip.enabled is no attribute of a target group of an Application Load Balancer; remove it',
      'Properties.TargetGroupAttributes',
    ],
    [
      'a deregistration delay above the limit',
      targetGroup,
      groupWith({ 'deregistration_delay.timeout_seconds': '7200' }),
      'elb-target-group-value',
      'deregistration_delay.timeout_seconds (7200) must be a whole number from 0 to 3600; lower it to 3600',
      'Properties.TargetGroupAttributes',
    ],
    [
      'slow start together with least outstanding requests',
      targetGroup,
      groupWith({
        'slow_start.duration_seconds': '60',
        'load_balancing.algorithm.type': 'least_outstanding_requests',
      }),
      'elb-slow-start',
      'slow_start.duration_seconds (60) must be 0 with load_balancing.algorithm.type (least_outstanding_requests); lower it to 0',
      'Properties.TargetGroupAttributes',
    ],
    [
      'a health check that takes longer than its interval',
      targetGroup,
      groupWith({}, { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 10 }),
      'elb-health-check',
      'HealthCheckTimeoutSeconds (10) must be less than HealthCheckIntervalSeconds (5); lower it to 4',
      'Properties.HealthCheckTimeoutSeconds',
    ],
    [
      'an algorithm that does not exist',
      targetGroup,
      groupWith({ 'load_balancing.algorithm.type': 'least_connections' }),
      'elb-target-group-value',
      'load_balancing.algorithm.type (least_connections) must be round_robin, least_outstanding_requests or weighted_random',
      'Properties.TargetGroupAttributes',
    ],
    [
      'a TCP attribute on an HTTPS listener',
      listener,
      { Protocol: 'HTTPS', ListenerAttributes: pairs({ 'tcp.idle_timeout.seconds': '350' }) },
      'elb-listener-attribute',
      'tcp.idle_timeout.seconds is no attribute of a listener of an Application Load Balancer; remove it',
      'Properties.ListenerAttributes',
    ],
    [
      'a TCP idle timeout above the limit',
      listener,
      { Protocol: 'TCP', ListenerAttributes: pairs({ 'tcp.idle_timeout.seconds': '7200' }) },
      'elb-listener-value',
      'tcp.idle_timeout.seconds (7200) must be a whole number from 60 to 6000; lower it to 6000',
      'Properties.ListenerAttributes',
    ],
    [
      'a stop timeout that Fargate does not offer',
      task,
      taskWith({ StopTimeout: 300 }),
      'ecs-container-value',
      'StopTimeout (300) must be a whole number from 2 to 120; lower it to 120',
      'Properties.ContainerDefinitions.0.StopTimeout',
    ],
    [
      'a deployment that can never begin',
      service,
      { DeploymentConfiguration: { MinimumHealthyPercent: 100, MaximumPercent: 100 } },
      'ecs-deployment-room',
      'MaximumPercent (100) must be above 100 with MinimumHealthyPercent (100); raise it to 200',
      'Properties.DeploymentConfiguration.MaximumPercent',
    ],
    [
      'an engine that ElastiCache does not have',
      store,
      { Engine: 'valkyrie' },
      'elasticache-store',
      'engine (valkyrie) must be one of valkey, redis; Memcached has neither logs nor pub/sub',
      'Properties.Engine',
    ],
    [
      'a version that its engine does not have',
      store,
      { Engine: 'valkey', EngineVersion: '6.9' },
      'elasticache-store',
      'engineVersion (6.9) must be one of 9.0, 9.1, 8.0 to 8.2, 7.2, which ElastiCache offers for valkey',
      'Properties.EngineVersion',
    ],
    [
      'a node type that does not exist',
      store,
      { Engine: 'valkey', CacheNodeType: 'cache.r7g.huge' },
      'elasticache-store',
      'cacheNodeType (cache.r7g.huge) must be a node type of today such as cache.r7g.large, cache.r7g.xlarge, cache.r7g.2xlarge, cache.r7g.4xlarge',
      'Properties.CacheNodeType',
    ],
    [
      'a password without TLS, whatever the password',
      store,
      { Engine: 'valkey', AuthToken: { 'Fn::Join': ['', ['{{resolve:', 'x', '}}']] } },
      'elasticache-store',
      'authToken must come with transitEncryptionEnabled (true), without which ElastiCache refuses it',
      'Properties.AuthToken',
    ],
    [
      'failover without a copy to fail over to',
      store,
      { Engine: 'valkey', AutomaticFailoverEnabled: true, NumCacheClusters: 1 },
      'elasticache-store',
      'automaticFailoverEnabled (true) must come with at least one replica; raise replicas to 1',
      'Properties.AutomaticFailoverEnabled',
    ],
    [
      'several zones without failover',
      store,
      { Engine: 'valkey', MultiAZEnabled: true, NumCacheClusters: 2 },
      'elasticache-store',
      'multiAzEnabled (true) must come with automaticFailoverEnabled (true)',
      'Properties.MultiAZEnabled',
    ],
    [
      'a misspelt parameter',
      parameters,
      { CacheParameterGroupFamily: 'valkey8', Properties: { 'maxmemory-polic': 'noeviction' } },
      'elasticache-parameter',
      'maxmemory-polic is no attribute of a parameter group; did you mean maxmemory-policy?',
      'Properties.Properties',
    ],
    [
      'a parameter out of its range',
      parameters,
      { CacheParameterGroupFamily: 'valkey8', Properties: { 'maxmemory-policy': 'no-eviction' } },
      'elasticache-parameter-value',
      'maxmemory-policy (no-eviction) must be noeviction, volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu or allkeys-random',
      'Properties.Properties',
    ],
  ])('%s', (_, type, properties, rule, says, where) => {
    expect(saidOf(type, properties)).toContainEqual({ rule, severity: 'error', says, where });
  });

  test('an attribute that resembles nothing may be newer than the list: a warning', () => {
    expect(saidOf(balancer, balancerWith({ 'waf.http2_inspection.mode': 'stream' }))).toEqual([
      expect.objectContaining({ rule: 'elb-balancer-unlisted', severity: 'warning' }),
    ]);
  });

  test('what AWS accepts is left alone', () => {
    const group = groupWith({
      'slow_start.duration_seconds': '0',
      'load_balancing.algorithm.type': 'least_outstanding_requests',
      'target_group_health.dns_failover.minimum_healthy_targets.count': 'off',
    });
    expect([
      ...saidOf(balancer, balancerWith({ 'idle_timeout.timeout_seconds': '4000' })).map(({ rule }) => rule),
      ...saidOf(targetGroup, group),
      ...saidOf(targetGroup, {
        TargetType: 'lambda',
        TargetGroupAttributes: pairs({ 'lambda.multi_value_headers.enabled': 'true' }),
      }),
      ...saidOf(task, taskWith({ StopTimeout: 300 }, { RequiresCompatibilities: ['EC2'] })).filter(
        ({ severity }) => severity === 'error',
      ),
    ]).toEqual(['pool-closes-before-service']);
  });
});

describe('what cannot carry the streams of the policy', () => {
  test.each<[string, string, Properties, string, string]>([
    [
      'a balancer that cuts between heartbeats',
      balancer,
      balancerWith({ 'idle_timeout.timeout_seconds': '20' }),
      'idle-timer-outlasts-silence',
      'alb: idle_timeout.timeout_seconds=20 must be at least idleSeconds (60); raise it to 60 s',
    ],
    [
      'a target group that forgets its targets at once',
      targetGroup,
      { Protocol: 'HTTP', TargetGroupAttributes: pairs({ 'deregistration_delay.timeout_seconds': '0' }) },
      'routing-forgets-before-stop',
      'alb: deregistration_delay.timeout_seconds=0 must be at least propagationSeconds (15); raise it to 15 s',
    ],
    [
      'a cookie for a day',
      targetGroup,
      groupWith({ 'stickiness.enabled': 'true' }),
      'affinity-ends-with-the-stream',
      'alb: stickiness.lb_cookie.duration_seconds=86400 must bind for at most maxStreamAgeSeconds (3600); lower it to 3600 s',
    ],
    [
      'a container that is killed in the middle of its drain',
      task,
      taskWith({ StopTimeout: 10 }),
      'drain-fits-the-deadline',
      'ecs: stopTimeout=10 must leave drainSeconds (30) + 5 s after the stop signal; raise it to 35 s',
    ],
    [
      'a container without files for its streams',
      task,
      taskWith({ Ulimits: [{ Name: 'nofile', SoftLimit: 1024, HardLimit: 4096 }] }),
      'streams-fit-the-hop',
      'ecs: nofile=1024 must allow maxStreams (20000) + 100; raise it to 20100 streams',
    ],
    [
      'a streaming method that ends after half a minute',
      'AWS::ApiGateway::Method',
      { Integration: { ResponseTransferMode: 'STREAM' } },
      'no-cap-below-stream-age',
      'api-gateway: TimeoutInMillis=29000 must be off, or at least maxStreamAgeSeconds (3600) × (1 + maxStreamAgeJitter (0.1)) + 30 s; raise it to 3990 s',
    ],
    [
      'a store that evicts, as they all do by default',
      store,
      { Engine: 'valkey', CacheParameterGroupName: 'default.valkey8' },
      'history-is-not-evicted',
      'elasticache: maxmemory-policy=volatile-lru must refuse to write when it is full (noeviction), or have room without a limit',
    ],
    [
      'a serverless store with a ceiling',
      'AWS::ElastiCache::ServerlessCache',
      { Engine: 'valkey', CacheUsageLimits: { DataStorage: { Unit: 'GB', Maximum: 5 } } },
      'history-is-not-evicted',
      'elasticache: serverless with DataStorage.Maximum=5 must refuse to write when it is full (noeviction), or have room without a limit',
    ],
  ])('%s', (_, type, properties, rule, says) => {
    expect(saidOf(type, properties)).toContainEqual(expect.objectContaining({ rule, severity: 'error', says }));
  });

  test('a sidecar without ports may stop as it likes', () => {
    expect(saidOf(task, taskWith({ StopTimeout: 10, PortMappings: [] }))).toEqual([]);
  });

  test('an access log is a warning: the balancer has no other, and auditors ask for it', () => {
    const logs = {
      'idle_timeout.timeout_seconds': '60',
      'access_logs.s3.enabled': 'true',
      'access_logs.s3.bucket': { Ref: 'B' },
    };

    expect(saidOf(balancer, balancerWith(logs))).toEqual([
      expect.objectContaining({ rule: 'tokens-stay-out-of-logs', severity: 'warning' }),
    ]);
  });
});

describe('Service Connect', () => {
  const connected = (port: Properties, timeout?: Properties) => {
    const { app, stack } = foreignApp();
    const definition = new CfnResource(stack, 'Task', {
      type: task,
      properties: taskWith({ PortMappings: [{ ContainerPort: 80, Name: 'web', ...port }] }),
    });
    new CfnResource(stack, 'Service', {
      type: service,
      properties: {
        TaskDefinition: definition.ref,
        ServiceConnectConfiguration: {
          Enabled: true,
          Services: [{ PortName: 'web', ...(timeout && { Timeout: timeout }) }],
        },
      },
    });
    return findingsOf(app).map(({ rule, says, where }) => ({ rule, says, where }));
  };

  test('its proxy ends every stream after 15 seconds unless told otherwise', () => {
    expect(connected({ AppProtocol: 'http' })).toEqual([
      {
        rule: 'no-cap-below-stream-age',
        says: expect.stringContaining('service-connect: PerRequestTimeoutSeconds=15 must be off'),
        where: 'Properties.ServiceConnectConfiguration.Services.0.Timeout',
      },
    ]);
  });

  test('is fine with the timer off, and over TCP', () => {
    expect(connected({ AppProtocol: 'http' }, { PerRequestTimeoutSeconds: 0 })).toEqual([]);
    expect(connected({})).toEqual([]);
  });
});

describe('what only the deployment will know', () => {
  test('is not judged, and said', () => {
    const { app, stack } = foreignApp();
    const seconds = new CfnParameter(stack, 'Seconds', { default: '5' });
    new CfnResource(stack, 'It', {
      type: balancer,
      properties: balancerWith({ 'idle_timeout.timeout_seconds': seconds.valueAsString }),
    });

    expect(findingsOf(app)).toEqual([
      {
        rule: 'known-at-synth',
        severity: 'info',
        says: 'idle_timeout.timeout_seconds is known at deployment only; what depends on it was not judged',
        at: 'Shop/It',
        where: 'Properties.LoadBalancerAttributes',
      },
    ]);
  });

  test('leaves out whatever hangs on it', () => {
    const { app, stack } = foreignApp();
    const tls = new CfnParameter(stack, 'Tls').valueAsString;
    new CfnResource(stack, 'It', {
      type: store,
      properties: { Engine: 'valkey', AuthToken: 'x', TransitEncryptionEnabled: tls, CacheParameterGroupName: 'ours' },
    });

    expect(findingsOf(app).map(({ rule, where }) => [rule, where])).toEqual([
      ['known-at-synth', 'Properties.TransitEncryptionEnabled'],
      ['known-at-synth', 'Properties.CacheParameterGroupName'],
    ]);
  });

  test('AWS::NoValue is as if nothing stood there', () => {
    expect(saidOf(balancer, balancerWith({ 'idle_timeout.timeout_seconds': { Ref: 'AWS::NoValue' } }))).toEqual([]);
  });
});

describe('findings', () => {
  const withShortTimer = (props = {}) => {
    const { app, stack } = foreignApp({}, props);
    const it = new CfnResource(stack, 'It', {
      type: balancer,
      properties: balancerWith({ 'idle_timeout.timeout_seconds': '20' }),
    });
    return { app, stack, it };
  };

  test('can be acknowledged with a reason', () => {
    const { app, it } = withShortTimer();
    Validations.of(it).acknowledge({ id: 'sse-kit::idle-timer-outlasts-silence', reason: 'carries no streams' });

    expect(findingsOf(app)).toEqual([]);
  });

  test('reach into nested stacks', () => {
    const { app, stack } = foreignApp();
    new CfnResource(new NestedStack(stack, 'Inner'), 'It', {
      type: balancer,
      properties: balancerWith({ 'idle_timeout.timeout_seconds': '20' }),
    });

    expect(findingsOf(app)).toEqual([expect.objectContaining({ at: 'Shop/Inner/It' })]);
  });

  test('can be limited to what streams pass through', () => {
    const only: Stack[] = [];
    const { app } = withShortTimer({ only });
    only.push(new Stack(app, 'Streams'));

    expect(findingsOf(app)).toEqual([]);
  });

  test('include the policy where the balancer on the path cannot express it', () => {
    const { app, stack } = foreignApp({ idleSeconds: 4500, keepAliveSeconds: 9000, replaySeconds: 9000 });
    new CfnResource(stack, 'It', {
      type: balancer,
      properties: balancerWith({ 'idle_timeout.timeout_seconds': '4000' }),
    });

    expect(findingsOf(app)).toContainEqual(
      expect.objectContaining({ rule: 'alb-idle-timeout', says: expect.stringContaining('must be at most 4000') }),
    );
  });
});

test.each([{ stage: 'dev' }, { stage: 'prod', internetFacing: true }, { stage: 'prod', edge: 'cloudfront' }])(
  'the stacks of the kit have nothing wrong: %j',
  (aws) => {
    const app = testApp();
    deployedIn(app, { aws, service: { auth: { mode: 'jwt' } } });
    Validations.of(app).addPlugins(new StreamPolicyChecks(definePolicy(), { queryTokens: false }));

    expect(findingsOf(app).filter(({ severity }) => severity !== 'info')).toEqual([]);
  },
);
