import { Annotations, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster } from 'aws-cdk-lib/aws-ecs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { authModeOf, type ServiceOptions } from '../targets/service-environment.ts';
import { balancerLogBucket } from './balancer-logs.ts';
import { type ExistingRedis, ExistingStore, type ExistingVpc, type StreamStore, vpcIn } from './existing.ts';
import { MaintenanceAnswer } from './maintenance.ts';
import { RegularDeployment } from './regular-deployment.ts';
import { serviceImage } from './service-image.ts';
import { StreamLoadBalancer, type StreamLoadBalancerProps } from './stream-load-balancer.ts';
import { StreamService } from './stream-service.ts';
import { StreamWebAcl } from './stream-web-acl.ts';

export interface ServiceStackProps
  extends StackProps,
    Pick<
      StreamLoadBalancerProps,
      'internetFacing' | 'domainName' | 'certificateArn' | 'dnsRecord' | 'deletionProtection'
    > {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc | ExistingVpc;
  readonly store: StreamStore | ExistingRedis;
  /** How the service is started: who is let in, which pages may read. @default - tokens, verified with a secret that is drawn */
  readonly settings?: ServiceOptions;
  /** Zone of `domainName`. @default - somebody else looks after the name */
  readonly hostedZone?: { readonly id: string; readonly name: string } | undefined;
  /** Name of the ECS cluster. @default - a cluster is created */
  readonly clusterName?: string | undefined;
  /** Secret with the key that tokens are verified with, by its whole ARN. @default - a JWT_SECRET is drawn */
  readonly authSecret?: { readonly arn: string; readonly key?: string | undefined } | undefined;
  /** Days between changes of the store's password; all tasks are replaced twice as often. @default - never by itself */
  readonly rotationDays?: number | undefined;
  /** Image to run, by URI; one of ECR is pulled with the task's role. @default - built from this repository */
  readonly image?: string | undefined;
  /** CPU units of a task; 1024 is one core. @default 512 */
  readonly cpu?: number;
  /** Memory of a task, in MiB. @default 1024 */
  readonly memoryMiB?: number;
  /** Tasks that always run. @default 2 */
  readonly minReplicas?: number;
  /** Tasks at most. @default - as many as minReplicas */
  readonly maxReplicas?: number;
  /** What the service is called in its CloudWatch metrics. @default - by its place in the tree of constructs */
  readonly metricsName?: string;
  /** Days for which the service's log is kept. @default 30 */
  readonly logDays?: number;
  /** Days for which the balancer's access and connection logs are kept. @default 14 */
  readonly accessLogDays?: number;
  /** The logs of service and web ACL outlive the stack. @default false */
  readonly retainData?: boolean;
  /** What the web ACL does with what it finds. @default 'none' */
  readonly webAcl?: 'none' | 'count' | 'block';
  /** Users behind one address, whose reconnects pass the web ACL. @default 200 */
  readonly usersPerAddress?: number;
  /** A CDN connects in its clients' stead: their addresses are in X-Forwarded-For. @default false */
  readonly behindCdn?: boolean;
  /** The balancer answers streams in the service's stead. @default false */
  readonly maintenance?: boolean;
}

/** What a new release replaces: the balancer and the service behind it. */
export class ServiceStack extends Stack {
  readonly balancer: StreamLoadBalancer;
  readonly service: StreamService;
  readonly webAcl: StreamWebAcl | undefined;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const vpc = vpcIn(this, props.vpc);
    const logBucket = balancerLogBucket(this, 'BalancerLogs', props.accessLogDays ?? 14);
    this.balancer = new StreamLoadBalancer(this, 'Balancer', {
      ...props,
      vpc,
      hostedZone: this.zoneOf(props),
      logBucket,
    });
    const { clusterName, store, authSecret, settings = {} } = props;
    const { env: _, ...rest } = props;
    this.service = new StreamService(this, 'Streams', {
      ...rest,
      ...settings,
      vpc,
      image: serviceImage(this, props.image),
      targetGroup: this.balancer.targetGroup,
      store: 'url' in store ? store : new ExistingStore(this, 'Store', store),
      authSecret: authSecret && Secret.fromSecretCompleteArn(this, 'AuthSecret', authSecret.arn),
      authSecretKey: authSecret?.key,
      cluster: clusterName === undefined ? undefined : clusterIn(this, vpc, clusterName),
    });
    this.webAcl = this.createWebAcl(props);
    if (props.maintenance)
      new MaintenanceAnswer(this, 'Maintenance', {
        policy: props.policy,
        listener: this.balancer.listener,
        corsOrigins: settings.corsOrigins,
      });
    if (props.rotationDays !== undefined)
      new RegularDeployment(this, 'RegularDeployment', {
        service: this.service.service,
        rotationDays: props.rotationDays,
      });
    if (props.internetFacing && authModeOf(settings) === 'none')
      Annotations.of(this).addWarningV2(
        'sse-kit:anonymous-on-the-internet',
        'internetFacing (true) with allowAnonymous (true) lets everybody subscribe and publish; set one of them to false',
      );
    this.addOutputs(logBucket);
  }

  private createWebAcl({ webAcl = 'none', behindCdn = false, ...props }: ServiceStackProps): StreamWebAcl | undefined {
    if (webAcl === 'none') return undefined;
    const clientAddress = behindCdn ? 'forwarded' : 'connection';
    const created = new StreamWebAcl(this, 'WebAcl', { ...props, mode: webAcl, clientAddress });
    created.protect(this.balancer.loadBalancer);
    return created;
  }

  private zoneOf({ hostedZone }: ServiceStackProps) {
    if (hostedZone === undefined) return undefined;
    const { id: hostedZoneId, name: zoneName } = hostedZone;
    return HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
  }

  /** What the commands of docs/operations.md want to know. */
  private addOutputs(balancerLogs: IBucket): void {
    const { loadBalancer, targetGroup } = this.balancer;
    const { cluster, service, logGroup, authSecret } = this.service;
    const outputs = {
      LoadBalancerDnsName: loadBalancer.loadBalancerDnsName,
      TargetGroupArn: targetGroup.targetGroupArn,
      ClusterName: cluster.clusterName,
      ServiceName: service.serviceName,
      LogGroupName: logGroup.logGroupName,
      AuthSecretArn: authSecret?.secretArn,
      BalancerLogBucket: balancerLogs.bucketName,
      WebAclLogGroupName: this.webAcl?.logGroup.logGroupName,
    };
    for (const [name, value] of Object.entries(outputs)) if (value !== undefined) new CfnOutput(this, name, { value });
  }
}

const clusterIn = (stack: Stack, vpc: IVpc, clusterName: string) =>
  Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName, vpc, securityGroups: [] });
