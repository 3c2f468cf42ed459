import { Aws, Names } from 'aws-cdk-lib';
import { CfnDelivery, CfnDeliveryDestination, CfnDeliverySource, type LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { logGroup } from './logs.ts';

export interface EdgeLogsProps {
  /** Id of the distribution, such as E1ABCDEFGHIJKL. */
  readonly distributionId: string;
  /** Days for which lines are kept. @default 30 */
  readonly logDays?: number;
  /** The log outlives its stack. @default false */
  readonly retainData?: boolean;
}

/**
 * Fields of CloudFront's standard log (developer guide, "Standard logging reference"). Left out: `cs-uri-query`,
 * `cs(Referer)` and `cs(Cookie)`, which may hold tokens.
 */
export const edgeLogFields = [
  'date',
  'time',
  'x-edge-location',
  'x-edge-request-id',
  'x-edge-result-type',
  'x-edge-detailed-result-type',
  'c-ip',
  'cs-method',
  'cs(Host)',
  'cs-uri-stem',
  'cs(User-Agent)',
  'cs-protocol-version',
  'sc-status',
  'sc-bytes',
  'sc-content-type',
  'time-to-first-byte',
  'time-taken',
] as const;

/**
 * The access log of a distribution, in CloudWatch Logs. It has to stand in us-east-1, where CloudFront's logs are delivered
 * from (developer guide, "Configure standard logging (v2)").
 */
export class EdgeLogs extends Construct {
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: EdgeLogsProps) {
    super(scope, id);
    const { distributionId, logDays = 30, retainData = false } = props;
    const name = Names.uniqueResourceName(this, { maxLength: 50, separator: '-' });
    const logGroupName = `/aws/vendedlogs/cloudfront/${name}`;
    this.logGroup = logGroup(this, 'Logs', { logDays, retainData }, { logGroupName });
    const source = new CfnDeliverySource(this, 'Source', {
      name: `${name}-from`,
      logType: 'ACCESS_LOGS',
      resourceArn: `arn:${Aws.PARTITION}:cloudfront::${Aws.ACCOUNT_ID}:distribution/${distributionId}`,
    });
    const destination = new CfnDeliveryDestination(this, 'Destination', {
      name: `${name}-to`,
      destinationResourceArn: this.logGroup.logGroupArn,
      outputFormat: 'json',
    });
    const delivery = new CfnDelivery(this, 'Delivery', {
      deliverySourceName: source.name,
      deliveryDestinationArn: destination.attrArn,
      recordFields: [...edgeLogFields],
    });
    delivery.addResourceDependency(source);
  }
}
