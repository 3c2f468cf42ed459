import { Duration } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, Peer } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  type ApplicationLoadBalancerProps,
  ApplicationProtocol,
  ApplicationTargetGroup,
  type ApplicationTargetGroupProps,
  type HealthCheck,
  type IListenerCertificate,
  ListenerAction,
  ListenerCertificate,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ARecord, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { alb } from '../targets/index.ts';
import { accept } from './accept.ts';
import { logBalancerTo } from './balancer-logs.ts';

export interface StreamLoadBalancerProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  /** Reachable from everywhere; otherwise from the VPC only. @default false */
  readonly internetFacing?: boolean;
  /** Host name of the service: gets a certificate if none is given, and a record, both by `hostedZone`. @default none */
  readonly domainName?: string | undefined;
  /** Zone that `domainName` is in. @default - somebody else looks after the name */
  readonly hostedZone?: IHostedZone | undefined;
  /** Whether the name leads to the balancer; with a CDN in front it leads there. @default true */
  readonly dnsRecord?: boolean;
  /**
   * ACM certificate of the HTTPS listener, with a redirect from HTTP.
   * @default - one for `domainName` in `hostedZone`; without these, plain HTTP, and with it no HTTP/2
   */
  readonly certificateArn?: string | undefined;
  /** Bucket for access and connection logs, with the keys that the balancer itself can write with (SSE-S3). @default - no logs */
  readonly logBucket?: IBucket | undefined;
  /** The balancer cannot be deleted before this is switched off. @default false */
  readonly deletionProtection?: boolean;
  /** Any other property of the balancer; attributes that the policy decides stay. @default - none */
  readonly loadBalancerProps?: Partial<ApplicationLoadBalancerProps>;
  /** Any other property of the target group; attributes that the policy decides stay. @default - none */
  readonly targetGroupProps?: Partial<ApplicationTargetGroupProps>;
}

/** An Application Load Balancer that leaves streams alone: every attribute comes from the alb target. */
export class StreamLoadBalancer extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  /** Where streams come in: HTTPS, or HTTP where there is no certificate. */
  readonly listener: ApplicationListener;
  readonly targetGroup: ApplicationTargetGroup;

  /** @throws PolicyError when the balancer cannot express the policy. */
  constructor(scope: Construct, id: string, props: StreamLoadBalancerProps) {
    super(scope, id);
    const { policy, vpc, internetFacing = false, deletionProtection = false, loadBalancerProps } = props;
    const { loadBalancer, targetGroup, healthCheck } = alb.render(policy);

    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing,
      deletionProtection,
      ...loadBalancerProps,
    });
    this.targetGroup = new ApplicationTargetGroup(this, 'Targets', {
      vpc,
      targetType: TargetType.IP,
      protocol: ApplicationProtocol.HTTP,
      healthCheck: healthCheckOf(healthCheck),
      ...props.targetGroupProps,
    });
    // Attributes go in as the API spells them, not through CDK's properties: CDK knows only some, and checks few ranges.
    for (const [key, value] of Object.entries(loadBalancer)) this.loadBalancer.setAttribute(key, String(value));
    for (const [key, value] of Object.entries(targetGroup)) this.targetGroup.setAttribute(key, String(value));
    if (props.logBucket) logBalancerTo(this.loadBalancer, props.logBucket);

    this.listener = this.createListener(this.certificateOf(props));
    const clients = internetFacing ? Peer.anyIpv4() : Peer.ipv4(vpc.vpcCidrBlock);
    for (const listener of this.loadBalancer.listeners) listener.connections.allowDefaultPortFrom(clients, 'clients');
    this.addRecord(props);
    accept(this.loadBalancer, {
      'AwsSolutions-EC23': 'clients of a public balancer come from anywhere; it takes 80 and 443 and nothing else',
    });
  }

  private certificateOf({ certificateArn, domainName, hostedZone }: StreamLoadBalancerProps) {
    if (certificateArn !== undefined) return ListenerCertificate.fromArn(certificateArn);
    if (domainName === undefined || hostedZone === undefined) return undefined;
    const validation = CertificateValidation.fromDns(hostedZone);
    return ListenerCertificate.fromCertificateManager(new Certificate(this, 'Certificate', { domainName, validation }));
  }

  private createListener(certificate: IListenerCertificate | undefined): ApplicationListener {
    // `open` would let the whole world in, on an internal balancer too
    const common = { open: false, defaultTargetGroups: [this.targetGroup] };
    const http = { open: false, protocol: ApplicationProtocol.HTTP };
    if (certificate === undefined) return this.loadBalancer.addListener('Http', { ...common, ...http });
    // the same id with and without a certificate: another one would want port 80 while the first still has it
    const defaultAction = ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true });
    this.loadBalancer.addListener('Http', { ...http, defaultAction });
    return this.loadBalancer.addListener('Https', {
      ...common,
      protocol: ApplicationProtocol.HTTPS,
      certificates: [certificate],
      // TLS 1.2 and 1.3 with forward secrecy, and a key exchange that recorded traffic cannot be opened with later
      sslPolicy: SslPolicy.TLS13_12_RES_PQ,
    });
  }

  private addRecord({ domainName, hostedZone, dnsRecord = true }: StreamLoadBalancerProps): void {
    if (domainName === undefined || hostedZone === undefined || !dnsRecord) return;
    const target = RecordTarget.fromAlias(new LoadBalancerTarget(this.loadBalancer));
    // with its dot the name is whole; without one CDK would put the zone behind it
    new ARecord(this, 'Record', { zone: hostedZone, recordName: `${domainName}.`, target });
  }
}

function healthCheckOf(check: ReturnType<typeof alb.render>['healthCheck']): HealthCheck {
  return {
    path: String(check.path),
    interval: Duration.seconds(Number(check.intervalSeconds)),
    timeout: Duration.seconds(Number(check.timeoutSeconds)),
    healthyThresholdCount: Number(check.healthyThreshold),
    unhealthyThresholdCount: Number(check.unhealthyThreshold),
  };
}
