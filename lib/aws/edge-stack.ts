import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import { EdgeLogs, type EdgeLogsProps } from './edge-logs.ts';
import { StreamEdge, type StreamEdgeProps } from './stream-edge.ts';

export interface EdgeStackProps
  extends StackProps,
    Pick<StreamEdgeProps, 'policy' | 'loadBalancer' | 'webAclArn' | 'corsOrigins'> {
  /** Name that clients use; comes with `certificateArn`. @default - the one that CloudFront gives */
  readonly domainName?: string | undefined;
  /** ACM certificate of us-east-1 for it. @default - CloudFront's own */
  readonly certificateArn?: string | undefined;
  /** Zone that gets records for the name. @default - somebody else looks after the name */
  readonly hostedZone?: { readonly id: string; readonly name: string } | undefined;
}

/** CloudFront in front of the service's balancer. A change to it takes minutes, and no stream ends by one. */
export class EdgeStack extends Stack {
  readonly edge: StreamEdge;

  constructor(scope: Construct, id: string, props: EdgeStackProps) {
    super(scope, id, props);
    const { policy, loadBalancer, webAclArn, corsOrigins, domainName, certificateArn } = props;
    this.edge = new StreamEdge(this, 'Edge', {
      policy,
      loadBalancer,
      webAclArn,
      corsOrigins,
      ...(domainName !== undefined && { domainNames: [domainName] }),
      ...(certificateArn !== undefined && {
        certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn) as ICertificate,
      }),
    });
    this.addRecords(props);
    const { distributionDomainName, distributionId } = this.edge.distribution;
    new CfnOutput(this, 'DistributionDomainName', { value: distributionDomainName });
    new CfnOutput(this, 'DistributionId', { value: distributionId });
  }

  private addRecords({ domainName, hostedZone }: EdgeStackProps): void {
    if (domainName === undefined || hostedZone === undefined) return;
    const { id: hostedZoneId, name: zoneName } = hostedZone;
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    const target = RecordTarget.fromAlias(new CloudFrontTarget(this.edge.distribution));
    // with its dot the name is whole; without one CDK would put the zone behind it
    const record = { zone, target, recordName: `${domainName}.` };
    new ARecord(this, 'Record', record);
    new AaaaRecord(this, 'Record6', record);
  }
}

export interface EdgeLogsStackProps extends StackProps, EdgeLogsProps {}

/**
 * The distribution's access log. A stack of its own, because it stands in us-east-1 wherever the service does; so it is told
 * the distribution's id after that is deployed.
 */
export class EdgeLogsStack extends Stack {
  readonly logs: EdgeLogs;

  constructor(scope: Construct, id: string, props: EdgeLogsStackProps) {
    super(scope, id, { ...props, env: { ...props.env, region: 'us-east-1' } });
    this.logs = new EdgeLogs(this, 'Logs', props);
  }
}
