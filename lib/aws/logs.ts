import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type LogGroupProps } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface LogKeeping {
  /** Days for which lines are kept: one of the numbers that CloudWatch Logs knows. */
  readonly logDays: number;
  /** The log outlives its stack. */
  readonly retainData: boolean;
}

/**
 * A log group that forgets by itself. CloudWatch encrypts it; a key of one's own goes in by `more`. RetentionDays of CDK
 * is the number of days under a name.
 */
export function logGroup(scope: Construct, id: string, keeping: LogKeeping, more?: LogGroupProps): LogGroup {
  const { logDays, retainData } = keeping;
  return new LogGroup(scope, id, {
    retention: logDays,
    removalPolicy: retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    ...more,
  });
}
