import { Duration, Names } from 'aws-cdk-lib';
import { AdjustmentType, type ScalingInterval, type ScalingSchedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  AwsLogDriverMode,
  Capability,
  Cluster,
  type ContainerDefinition,
  type ContainerDefinitionOptions,
  type ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  type FargateServiceProps,
  FargateTaskDefinition,
  type ICluster,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  type ScalableTaskCount,
  Secret,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import type { IApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { MetricName, StreamPolicy } from '../policy/index.ts';
import { ecs } from '../targets/index.ts';
import { type ServiceOptions, serviceEnvironment, servicePort } from '../targets/service-environment.ts';
import { accept } from './accept.ts';
import { type AuthKeyProps, authSecretFor } from './auth-key.ts';
import type { StreamStore } from './existing.ts';
import { logGroup } from './logs.ts';
import { serviceMetric } from './service-metrics.ts';

export interface StreamServiceProps extends ServiceOptions, AuthKeyProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  /** Where the tasks register; its balancer is the only one that may reach them. */
  readonly targetGroup: IApplicationTargetGroup;
  /** An image for ARM64 that listens on `PORT` and exits by itself after SIGTERM. */
  readonly image: ContainerImage;
  /** What replicas share events through. @default - each task has a broker of its own: right for a single one only */
  readonly store?: StreamStore;
  /** CPU units of a task; 1024 is one core. @default 512 */
  readonly cpu?: number;
  /** Memory of a task, in MiB. @default 1024 */
  readonly memoryMiB?: number;
  /** Tasks that always run. @default 2 */
  readonly minReplicas?: number;
  /** Tasks at most; more than minReplicas scales by open streams. @default - as many as minReplicas */
  readonly maxReplicas?: number;
  /**
   * Share of maxStreams that a task holds on average; scaling keeps it there. With one of two tasks, or a zone of two,
   * gone, the rest hold twice as much for a while. @default 0.5
   */
  readonly streamsShare?: number;
  /** More or fewer tasks at certain times, by name: before a broadcast, at night. @default none */
  readonly scalingSchedules?: Readonly<Record<string, ScalingSchedule>>;
  /** Steps by open streams per task, on top of the target: for crowds that come within a minute. @default none */
  readonly scalingSteps?: readonly ScalingInterval[];
  /** What the service is called in its CloudWatch metrics. @default - by its place in the tree of constructs */
  readonly metricsName?: string;
  /** Days for which the log is kept. @default 30 */
  readonly logDays?: number;
  /** The log outlives the stack. @default false */
  readonly retainData?: boolean;
  /** @default - a cluster is created */
  readonly cluster?: ICluster | undefined;
  /** Any other property of the container; wins, except that variables and secrets are added. @default - none */
  readonly containerProps?: Partial<ContainerDefinitionOptions>;
  /** Any other property of the ECS service; wins over what this construct sets. @default - none */
  readonly serviceProps?: Partial<FargateServiceProps>;
}

/** Percent of CPU from which tasks are added: fan-out doubles its cost within a burst, and a new task needs a minute. */
const busyPercent = 60;

/** The user that the image runs as (service/Dockerfile): not root, whatever another image says. */
const user = '1000';

/** The service on Fargate: how it stops, is replaced and how many files it may open come from the ecs target. */
export class StreamService extends Construct {
  readonly cluster: ICluster;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  readonly service: FargateService;
  readonly logGroup: LogGroup;
  /** What tokens are verified with. @default - a key set of the issuer, or nothing */
  readonly authSecret: ISecret | undefined;
  /** What the service is called in its CloudWatch metrics: the value of their dimension Service. */
  readonly metricsName: string;
  /** The number of tasks as scaling sees it. @default - the number is fixed */
  readonly scaling: ScalableTaskCount | undefined;

  /** @throws PolicyError when Fargate cannot express the policy. */
  constructor(scope: Construct, id: string, props: StreamServiceProps) {
    super(scope, id);
    this.metricsName = props.metricsName ?? Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    this.cluster = props.cluster ?? this.createCluster(props.vpc);
    this.logGroup = logGroup(this, 'Logs', { logDays: 30, retainData: false, ...keeping(props) });
    this.taskDefinition = new FargateTaskDefinition(this, 'Task', {
      cpu: props.cpu ?? 512,
      memoryLimitMiB: props.memoryMiB ?? 1024,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    accept(this.taskDefinition, {
      'AwsSolutions-ECS2': 'what the variables hold is configuration for everybody to read; secrets come by reference',
    });
    this.authSecret = authSecretFor(this, serviceEnvironment(props.policy, props).secrets, props);
    this.container = this.createContainer(props);
    this.service = this.createService(props);
    this.service.attachToApplicationTargetGroup(props.targetGroup);
    if (props.store) this.service.connections.allowToDefaultPort(props.store, 'event store');
    this.scaling = this.createScaling(props);
  }

  /** A metric of the service, as its tasks tell it to CloudWatch. */
  metric(name: MetricName, options: Omit<Parameters<typeof serviceMetric>[1], 'service'> = {}) {
    return serviceMetric(name, { service: this.metricsName, ...options });
  }

  private createCluster(vpc: IVpc): ICluster {
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
    // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    return cluster as ICluster;
  }

  private createContainer(props: StreamServiceProps) {
    const { policy, image, store, authSecretKey, containerProps } = props;
    const { container } = ecs.render(policy);
    const files = Number(container.nofile);
    const environment = serviceEnvironment(policy, props);
    const { authSecret } = this;
    const linux = new LinuxParameters(this, 'Linux');
    linux.dropCapabilities(Capability.ALL);
    return this.taskDefinition.addContainer('service', {
      image,
      portMappings: [{ containerPort: servicePort }],
      stopTimeout: Duration.seconds(Number(container.stopTimeout)),
      ulimits: [{ name: UlimitName.NOFILE, softLimit: files, hardLimit: files }],
      readonlyRootFilesystem: true,
      user,
      linuxParameters: linux,
      logging: LogDrivers.awsLogs({
        streamPrefix: 'service',
        // a full log buffer drops lines; the other mode would stop the service, and every stream with it
        mode: AwsLogDriverMode.NON_BLOCKING,
        logGroup: this.logGroup,
      }),
      ...containerProps,
      environment: {
        ...(store && { REDIS_URL: store.url, ...(store.username && { REDIS_USERNAME: store.username }) }),
        EMF_SERVICE: this.metricsName,
        // the balancer writes whole URLs into its access log
        QUERY_TOKENS: 'false',
        ...containerProps?.environment,
        ...environment.plain,
      },
      secrets: {
        ...(store?.credentials && {
          REDIS_PASSWORD: Secret.fromSecretsManager(store.credentials, store.passwordKey ?? 'password'),
        }),
        ...(authSecret &&
          Object.fromEntries(
            environment.secrets.map((name) => [name, Secret.fromSecretsManager(authSecret, authSecretKey)]),
          )),
        ...containerProps?.secrets,
      },
    });
  }

  private createService(props: StreamServiceProps): FargateService {
    const { minReplicas = 2 } = props;
    const { service } = ecs.render(props.policy);
    return new FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      // a count in the template would undo, with each deployment, what scaling has found
      ...(!scales(props) && { desiredCount: minReplicas }),
      minHealthyPercent: Number(service.minimumHealthyPercent),
      maxHealthyPercent: Number(service.maximumPercent),
      circuitBreaker: { rollback: service.circuitBreakerRollback === true },
      healthCheckGracePeriod: Duration.seconds(Number(service.healthCheckGracePeriodSeconds)),
      securityGroups: [this.createSecurityGroup(props.vpc)],
      assignPublicIp: false,
      enableExecuteCommand: false,
      ...props.serviceProps,
    });
  }

  /** In: the balancer, by reference. Out: AWS's own services and key servers over HTTPS; the store, by reference. */
  private createSecurityGroup(vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'stream service',
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'image, secrets, logs, key servers');
    return group;
  }

  /**
   * By open streams, which memory and heartbeats cost even where nothing happens. Never by requests: a stream is one,
   * however long it lives. A task that is taken away cuts its streams, so that happens at most once in a stream's age.
   */
  private createScaling(props: StreamServiceProps): ScalableTaskCount | undefined {
    if (!scales(props)) return undefined;
    const { policy, minReplicas = 2, maxReplicas = minReplicas, streamsShare = 0.5 } = props;
    const { scalingSchedules = {}, scalingSteps } = props;
    const metric = this.metric('sse_streams_active', { statistic: 'Average' });
    const scaling = this.service.autoScaleTaskCount({ minCapacity: minReplicas, maxCapacity: maxReplicas });
    scaling.scaleToTrackCustomMetric('Streams', {
      metric,
      targetValue: Math.ceil(policy.maxStreams * streamsShare),
      scaleInCooldown: Duration.seconds(policy.maxStreamAgeSeconds),
      // a task takes streams within a minute, and only then tells the next number
      scaleOutCooldown: Duration.minutes(1),
    });
    // delivery may need tasks before streams do; that it is quiet is no reason to cut any
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: busyPercent, disableScaleIn: true });
    if (scalingSteps)
      scaling.scaleOnMetric('Steps', {
        metric,
        scalingSteps: [...scalingSteps],
        adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
        cooldown: Duration.minutes(1),
      });
    for (const [name, schedule] of Object.entries(scalingSchedules)) scaling.scaleOnSchedule(name, schedule);
    return scaling;
  }
}

function scales({ minReplicas = 2, maxReplicas = minReplicas }: StreamServiceProps): boolean {
  return maxReplicas !== minReplicas;
}

/** What is given of how logs are kept. */
function keeping({ logDays, retainData }: StreamServiceProps) {
  return { ...(logDays !== undefined && { logDays }), ...(retainData !== undefined && { retainData }) };
}
