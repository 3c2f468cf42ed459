import { Duration } from 'aws-cdk-lib';
import { type IVpc, Peer } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  type ApplicationLoadBalancerProps,
  ApplicationProtocol,
  ApplicationTargetGroup,
  type ApplicationTargetGroupProps,
  type HealthCheck,
  ListenerCertificate,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { alb } from '../targets/index.ts';

export interface StreamLoadBalancerProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  /** Reachable from everywhere; otherwise from the VPC only. @default false */
  readonly internetFacing?: boolean;
  /** ACM certificate of the HTTPS listener, with a redirect from HTTP. @default - plain HTTP, and with it no HTTP/2 */
  readonly certificateArn?: string | undefined;
  /** Any other property of the balancer; attributes that the policy decides stay. @default - none */
  readonly loadBalancerProps?: Partial<ApplicationLoadBalancerProps>;
  /** Any other property of the target group; attributes that the policy decides stay. @default - none */
  readonly targetGroupProps?: Partial<ApplicationTargetGroupProps>;
}

/** An Application Load Balancer that leaves streams alone: every attribute comes from the alb target. */
export class StreamLoadBalancer extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly listener: ApplicationListener;
  readonly targetGroup: ApplicationTargetGroup;

  /** @throws PolicyError when the balancer cannot express the policy. */
  constructor(scope: Construct, id: string, props: StreamLoadBalancerProps) {
    super(scope, id);
    const { policy, vpc, internetFacing = false, certificateArn, loadBalancerProps, targetGroupProps } = props;
    const { loadBalancer, targetGroup, healthCheck } = alb.render(policy);

    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing,
      ...loadBalancerProps,
    });
    this.targetGroup = new ApplicationTargetGroup(this, 'Targets', {
      vpc,
      targetType: TargetType.IP,
      protocol: ApplicationProtocol.HTTP,
      healthCheck: healthCheckOf(healthCheck),
      ...targetGroupProps,
    });
    // Attributes go in as the API spells them, not through CDK's properties: CDK knows only some, and checks few ranges.
    for (const [key, value] of Object.entries(loadBalancer)) this.loadBalancer.setAttribute(key, String(value));
    for (const [key, value] of Object.entries(targetGroup)) this.targetGroup.setAttribute(key, String(value));

    this.listener = this.createListener(certificateArn);
    const clients = internetFacing ? Peer.anyIpv4() : Peer.ipv4(vpc.vpcCidrBlock);
    for (const listener of this.loadBalancer.listeners) listener.connections.allowDefaultPortFrom(clients, 'clients');
  }

  private createListener(certificateArn: string | undefined): ApplicationListener {
    // `open` would let the whole world in, on an internal balancer too
    const common = { open: false, defaultTargetGroups: [this.targetGroup] };
    if (certificateArn === undefined)
      return this.loadBalancer.addListener('Http', { ...common, protocol: ApplicationProtocol.HTTP });
    this.loadBalancer.addRedirect({ open: false });
    return this.loadBalancer.addListener('Https', {
      ...common,
      protocol: ApplicationProtocol.HTTPS,
      certificates: [ListenerCertificate.fromArn(certificateArn)],
      // TLS 1.2 and 1.3 with forward secrecy, and a key exchange that recorded traffic cannot be opened with later
      sslPolicy: SslPolicy.TLS13_12_RES_PQ,
    });
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
