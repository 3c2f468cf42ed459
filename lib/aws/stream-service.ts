import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  AwsLogDriverMode,
  Cluster,
  type ContainerDefinition,
  type ContainerDefinitionOptions,
  type ContainerImage,
  CpuArchitecture,
  FargateService,
  type FargateServiceProps,
  FargateTaskDefinition,
  type ICluster,
  LogDrivers,
  OperatingSystemFamily,
  Secret,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import type { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { policyToEnv, type StreamPolicy } from '../policy/index.ts';
import { ecs } from '../targets/index.ts';
import type { EventStore } from './event-store.ts';

export interface StreamServiceProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  /** Where the tasks register; its balancer is the only one that may reach them. */
  readonly targetGroup: ApplicationTargetGroup;
  /** An image for ARM64 that listens on `PORT` and exits by itself after SIGTERM. */
  readonly image: ContainerImage;
  /** What replicas share events through. @default - each task has a broker of its own: right for a single one only */
  readonly store?: EventStore;
  /** CPU units of a task; 1024 is one core. @default 512 */
  readonly cpu?: number;
  /** Memory of a task, in MiB. @default 1024 */
  readonly memoryMiB?: number;
  /** Tasks that always run. @default 2 */
  readonly minReplicas?: number;
  /** Tasks at most; more than minReplicas scales by CPU load. @default - as many as minReplicas */
  readonly maxReplicas?: number;
  /** Whoever reaches the service may subscribe and publish; without it the service wants tokens. @default false */
  readonly allowAnonymous?: boolean;
  /** @default - a cluster is created */
  readonly cluster?: ICluster;
  /** Any other property of the container; wins, except that variables and secrets are added. @default - none */
  readonly containerProps?: Partial<ContainerDefinitionOptions>;
  /** Any other property of the ECS service; wins over what this construct sets. @default - none */
  readonly serviceProps?: Partial<FargateServiceProps>;
}

const port = 8080;

/** Percent of CPU at which tasks are added: fan-out doubles its cost within a burst, and a new task needs a minute. */
const targetCpuPercent = 50;

/** The service on Fargate: how it stops, is replaced and how many files it may open come from the ecs target. */
export class StreamService extends Construct {
  readonly cluster: ICluster;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  readonly service: FargateService;

  /** @throws PolicyError when Fargate cannot express the policy. */
  constructor(scope: Construct, id: string, props: StreamServiceProps) {
    super(scope, id);
    // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    this.cluster = props.cluster ?? (new Cluster(this, 'Cluster', { vpc: props.vpc }) as ICluster);
    this.taskDefinition = new FargateTaskDefinition(this, 'Task', {
      cpu: props.cpu ?? 512,
      memoryLimitMiB: props.memoryMiB ?? 1024,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    this.container = this.createContainer(props);
    this.service = this.createService(props);
    this.service.attachToApplicationTargetGroup(props.targetGroup);
    if (props.store) this.service.connections.allowToDefaultPort(props.store, 'event store');
  }

  private createContainer({ policy, image, store, allowAnonymous, containerProps }: StreamServiceProps) {
    const { container } = ecs.render(policy);
    const files = Number(container.nofile);
    return this.taskDefinition.addContainer('service', {
      image,
      portMappings: [{ containerPort: port }],
      stopTimeout: Duration.seconds(Number(container.stopTimeout)),
      ulimits: [{ name: UlimitName.NOFILE, softLimit: files, hardLimit: files }],
      readonlyRootFilesystem: true,
      logging: LogDrivers.awsLogs({
        streamPrefix: 'service',
        // a full log buffer drops lines; the other mode would stop the service, and every stream with it
        mode: AwsLogDriverMode.NON_BLOCKING,
        logGroup: new LogGroup(this, 'Logs', {
          retention: RetentionDays.ONE_MONTH,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
      ...containerProps,
      environment: {
        HOST: '0.0.0.0',
        PORT: String(port),
        ...(allowAnonymous && { ALLOW_ANONYMOUS: 'true' }),
        ...(store && { REDIS_URL: store.url, REDIS_USERNAME: store.username }),
        ...containerProps?.environment,
        ...policyToEnv(policy),
      },
      secrets: {
        ...(store && { REDIS_PASSWORD: Secret.fromSecretsManager(store.credentials, 'password') }),
        ...containerProps?.secrets,
      },
    });
  }

  private createService(props: StreamServiceProps): FargateService {
    const { minReplicas = 2, maxReplicas = minReplicas } = props;
    const { service } = ecs.render(props.policy);
    const scales = maxReplicas !== minReplicas;
    const fargate = new FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      // a count in the template would undo, with each deployment, what scaling has found
      ...(!scales && { desiredCount: minReplicas }),
      minHealthyPercent: Number(service.minimumHealthyPercent),
      maxHealthyPercent: Number(service.maximumPercent),
      circuitBreaker: { rollback: service.circuitBreakerRollback === true },
      healthCheckGracePeriod: Duration.seconds(Number(service.healthCheckGracePeriodSeconds)),
      securityGroups: [this.createSecurityGroup(props.vpc)],
      assignPublicIp: false,
      enableExecuteCommand: false,
      ...props.serviceProps,
    });
    if (scales) this.scale(fargate, props.policy, minReplicas, maxReplicas);
    return fargate;
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
   * By CPU, which delivery costs. Never by request rate: a stream is one request however long it lives. A task that is
   * taken away cuts its streams, so that happens at most once in a stream's age.
   */
  private scale(service: FargateService, policy: StreamPolicy, minCapacity: number, maxCapacity: number): void {
    service.autoScaleTaskCount({ minCapacity, maxCapacity }).scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: targetCpuPercent,
      scaleInCooldown: Duration.seconds(policy.maxStreamAgeSeconds),
    });
  }
}
