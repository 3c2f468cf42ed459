import { Annotations, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import type { EventStore } from './event-store.ts';
import { serviceImage } from './service-image.ts';
import { StreamLoadBalancer } from './stream-load-balancer.ts';
import { StreamService } from './stream-service.ts';

export interface ServiceStackProps extends StackProps {
  readonly policy: StreamPolicy;
  readonly vpc: IVpc;
  readonly store: EventStore;
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
  /** Whoever reaches the service may subscribe and publish. @default false */
  readonly allowAnonymous?: boolean;
  /** A balancer that is reachable from everywhere. @default false */
  readonly internetFacing?: boolean;
  /** ACM certificate of the HTTPS listener. @default - plain HTTP */
  readonly certificateArn?: string | undefined;
}

/** What a new release replaces: the balancer and the service behind it. */
export class ServiceStack extends Stack {
  readonly balancer: StreamLoadBalancer;
  readonly service: StreamService;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    this.balancer = new StreamLoadBalancer(this, 'Balancer', props);
    this.service = new StreamService(this, 'Streams', {
      ...props,
      image: serviceImage(this, props.image),
      targetGroup: this.balancer.targetGroup,
    });
    if (props.internetFacing && props.allowAnonymous)
      Annotations.of(this).addWarningV2(
        'sse-kit:anonymous-on-the-internet',
        'internetFacing (true) with allowAnonymous (true) lets everybody subscribe and publish; set one of them to false',
      );
    new CfnOutput(this, 'LoadBalancerDnsName', { value: this.balancer.loadBalancer.loadBalancerDnsName });
  }
}
