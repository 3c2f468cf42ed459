import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { accept } from './accept.ts';

/**
 * A bucket that a load balancer can write its logs to: with S3's own keys, the only ones it knows (ELB user guide,
 * "Access logs", bucket requirements). Nobody but the account's own people reads it.
 */
export function balancerLogBucket(scope: Construct, id: string, days: number): IBucket {
  const bucket = new Bucket(scope, id, {
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [{ expiration: Duration.days(days), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    // Emptying it would take a Lambda function with rights on every object. Left behind, it empties itself within `days`.
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  accept(bucket, {
    'AwsSolutions-S1': 'it is where logs end: a log of who wrote the log would need a bucket, and a log, of its own',
  });
  // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
  return bucket as IBucket;
}

/**
 * Lets a balancer write its access and connection logs to a bucket. CDK's own logAccessLogs wants to know the region, for
 * the accounts that wrote logs before there was a service principal; ELB writes by that everywhere (same guide, step 2).
 */
export function logBalancerTo(balancer: ApplicationLoadBalancer, bucket: IBucket): void {
  for (const kind of ['access', 'connection']) {
    balancer.setAttribute(`${kind}_logs.s3.enabled`, 'true');
    balancer.setAttribute(`${kind}_logs.s3.bucket`, bucket.bucketName);
    balancer.setAttribute(`${kind}_logs.s3.prefix`, kind);
    bucket.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(`${kind}/AWSLogs/${Aws.ACCOUNT_ID}/*`)],
      }),
    );
  }
  // the API tries the bucket when the attribute is set
  if (bucket.policy) balancer.node.addDependency(bucket.policy);
}
