import type { App } from 'aws-cdk-lib';
import type { KitConfig } from '../config/load.ts';
import { CacheStack } from './cache-stack.ts';
import { EdgeLogsStack, EdgeStack } from './edge-stack.ts';
import type { EventStoreProps } from './event-store.ts';
import { NetworkStack } from './network-stack.ts';
import { ObservabilityStack } from './observability-stack.ts';
import { ServiceStack } from './service-stack.ts';
import { stageValues } from './stages.ts';

/** What the stacks are made from. */
export type DeploymentConfig = Pick<KitConfig, 'policy' | 'service' | 'aws'>;

/** The stacks of a configuration; there is none for what exists already. */
export interface Deployment {
  readonly network?: NetworkStack;
  readonly cache?: CacheStack;
  readonly service: ServiceStack;
  readonly observability: ObservabilityStack;
  readonly edge?: EdgeStack;
  readonly edgeLogs?: EdgeLogsStack;
}

/**
 * The stacks of a configuration, wired to each other: each takes what it needs from those before it.
 *
 * @throws PolicyError when AWS cannot express the policy.
 */
export function deploy(app: App, config: DeploymentConfig): Deployment {
  const { policy, aws } = config;
  const stage = stageValues(aws.stage, aws);
  const network = aws.existing.vpc ? undefined : new NetworkStack(app, `${aws.name}-Network`, stage);
  const vpc = aws.existing.vpc ?? (network as NetworkStack).vpc;
  const cache = aws.existing.redis
    ? undefined
    : new CacheStack(app, `${aws.name}-Cache`, { policy, vpc, ...storeProps(config) });
  const store = aws.existing.redis ?? (cache as CacheStack).store;
  const { replicas, image, cpu, memoryMiB, ...settings } = config.service;
  const { internetFacing, domainName, hostedZone, certificateArn, existing } = aws;
  const name = { domainName, hostedZone, certificateArn };
  const atEdge = aws.edge !== 'none';
  const serviceStack = new ServiceStack(app, `${aws.name}-Service`, {
    ...stage,
    settings,
    image,
    cpu,
    memoryMiB,
    policy,
    vpc,
    store,
    minReplicas: replicas.min,
    maxReplicas: replicas.max,
    metricsName: aws.name,
    internetFacing,
    // name and certificate belong to what clients meet first
    ...(!atEdge && name),
    behindCdn: atEdge,
    usersPerAddress: aws.usersPerAddress,
    maintenance: aws.maintenance,
    clusterName: existing.cluster,
    authSecret: existing.authSecret,
    rotationDays: aws.existing.redis ? undefined : aws.cacheRotationDays,
  });
  const observability = new ObservabilityStack(app, `${aws.name}-Observability`, {
    policy,
    service: serviceStack.service,
    balancer: serviceStack.balancer,
    store: cache?.store,
    alarmTopicArn: existing.alarmTopicArn,
    alarmEmail: aws.alarmEmail,
    runbook: aws.runbook,
  });
  const edge = atEdge
    ? new EdgeStack(app, `${aws.name}-Edge`, {
        ...name,
        policy,
        loadBalancer: serviceStack.balancer.loadBalancer,
        webAclArn: aws.edgeWebAclArn,
        corsOrigins: settings.corsOrigins,
      })
    : undefined;
  const edgeLogs = edgeLogsOf(app, config);
  return {
    ...(network && { network }),
    ...(cache && { cache }),
    service: serviceStack,
    observability,
    ...(edge && { edge }),
    ...(edgeLogs && { edgeLogs }),
  };
}

/** Once the distribution is there and its id is known: the log stands in another region than the rest. */
function edgeLogsOf(app: App, { aws }: DeploymentConfig): EdgeLogsStack | undefined {
  if (aws.edge === 'none' || aws.edgeDistributionId === undefined) return undefined;
  const { logDays, retainData } = stageValues(aws.stage, aws);
  return new EdgeLogsStack(app, `${aws.name}-EdgeLogs`, {
    distributionId: aws.edgeDistributionId,
    logDays,
    retainData,
  });
}

/** The store that a configuration asks for. */
function storeProps({ aws, service }: DeploymentConfig): Omit<EventStoreProps, 'policy' | 'vpc'> {
  const { cacheOwnKey, cacheNodeType, cacheReplicas, cacheBackupDays, retainData, logDays } = stageValues(
    aws.stage,
    aws,
  );
  return {
    mode: aws.cacheMode,
    // a node that is named wins over traffic, and traffic over the stage's node
    ...(aws.cacheTraffic && { traffic: aws.cacheTraffic }),
    nodeType: aws.cacheNodeType ?? (aws.cacheTraffic ? undefined : cacheNodeType),
    replicas: cacheReplicas,
    backupDays: cacheBackupDays,
    retainData,
    logDays,
    ...(cacheOwnKey && { encryptionKey: true }),
    ...(aws.cacheRotationDays !== undefined && { rotation: { everyDays: aws.cacheRotationDays } }),
    patterns: service.patterns.length > 0,
  };
}
