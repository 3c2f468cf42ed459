import { Duration } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  type DistributionProps,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
  VpcOrigin,
  VpcOriginEndpoint,
} from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, OriginGroup, VpcOrigin as VpcOriginOf } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, FunctionUrlAuthType, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { cloudFrontValues, cloudfront } from '../targets/index.ts';
import { accept } from './accept.ts';

export interface StreamEdgeProps {
  readonly policy: StreamPolicy;
  /** An internal balancer with a listener on port 80; CloudFront reaches it inside the VPC, and nobody goes around. */
  readonly loadBalancer: IApplicationLoadBalancer;
  /** Names that the distribution answers to. @default - the one that CloudFront gives it */
  readonly domainNames?: readonly string[];
  /** A certificate of us-east-1 for them. @default - CloudFront's own, for its own name */
  readonly certificate?: ICertificate;
  /** ARN of a web ACL of scope CLOUDFRONT. @default none */
  readonly webAclArn?: string | undefined;
  /** Origins of pages of other sites that may read, as the service has them. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Any other property of the distribution; wins over what this construct sets. @default - none */
  readonly distributionProps?: Partial<DistributionProps>;
}

/**
 * CloudFront in front of the balancer, set as the cloudfront target says. While no replica answers, streams are answered
 * by a function: 200, a jittered `retry:`, end. Why not by an error page, and what a function cannot do either, is told in
 * proxies/cloudfront/README.md.
 */
export class StreamEdge extends Construct {
  readonly distribution: Distribution;
  readonly softFail: LambdaFunction;

  /** @throws PolicyError when CloudFront cannot express the policy. */
  constructor(scope: Construct, id: string, props: StreamEdgeProps) {
    super(scope, id);
    const { policy, domainNames, certificate, webAclArn, distributionProps } = props;
    this.softFail = this.createSoftFail(props);
    const balancer = this.originOf(props);
    const streams = new OriginGroup({
      primaryOrigin: balancer,
      fallbackOrigin: FunctionUrlOrigin.withOriginAccessControl(
        this.softFail.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM }),
      ),
      fallbackStatusCodes: [...cloudFrontValues.outageCodes],
    });
    const passing = {
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      compress: false,
    };
    const behavior = {
      ...passing,
      origin: streams,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    };
    this.distribution = new Distribution(this, 'Distribution', {
      comment: `streams; silence is cut after ${cloudFrontValues.readTimeoutSeconds(policy)} s`,
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...(domainNames && { domainNames: [...domainNames] }),
      ...(certificate && { certificate, minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021 }),
      ...(webAclArn !== undefined && { webAclId: webAclArn }),
      defaultBehavior: {
        ...passing,
        origin: balancer,
        allowedMethods: AllowedMethods.ALLOW_ALL,
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
      },
      additionalBehaviors: Object.fromEntries(cloudFrontValues.streamPaths.map((path) => [path, behavior])),
      errorResponses: cloudFrontValues.keptErrors.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      ...distributionProps,
    });
    this.acceptFindings(props);
  }

  /** Plain HTTP: from CloudFront to the balancer the way leads through AWS's network and the VPC alone. */
  private originOf({ policy, loadBalancer }: StreamEdgeProps) {
    const vpcOrigin = new VpcOrigin(this, 'VpcOrigin', {
      endpoint: VpcOriginEndpoint.applicationLoadBalancer(loadBalancer),
      protocolPolicy: OriginProtocolPolicy.HTTP_ONLY,
    });
    return VpcOriginOf.withVpcOrigin(vpcOrigin, {
      domainName: loadBalancer.loadBalancerDnsName,
      readTimeout: Duration.seconds(cloudFrontValues.readTimeoutSeconds(policy)),
      keepaliveTimeout: Duration.seconds(cloudFrontValues.keepaliveSeconds(policy)),
      connectionAttempts: cloudFrontValues.connection.attempts,
      connectionTimeout: Duration.seconds(cloudFrontValues.connection.timeoutSeconds),
    });
  }

  private createSoftFail({ policy, corsOrigins = [] }: StreamEdgeProps): LambdaFunction {
    // rendering first: what CloudFront cannot express fails before anything is made
    const code = cloudfront.render(policy)['soft-fail.js.txt'] ?? '';
    return new LambdaFunction(this, 'SoftFail', {
      description: 'answers event streams with a retry: while no replica does',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromInline(code),
      environment: { CORS_ORIGINS: corsOrigins.join(',') },
      // no rights at all, not even to write a log: it has nothing to say
      role: new Role(this, 'SoftFailRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
    });
  }

  private acceptFindings({ certificate, webAclArn }: StreamEdgeProps): void {
    accept(this.distribution, {
      'AwsSolutions-CFR1': 'whom the service is for is not known here; countries are a property of the distribution',
      'AwsSolutions-CFR3':
        'the older logs hold the query, and with it tokens; EdgeLogs sets up the newer ones, whose fields can be chosen',
      ...(webAclArn === undefined && {
        'AwsSolutions-CFR2':
          'the balancer has a web ACL, which sees the address of the client that CloudFront forwards',
      }),
      ...(certificate === undefined && {
        'AwsSolutions-CFR4':
          "CloudFront's own certificate brings its own choice of protocols; a certificate of one's own does not",
      }),
      'AwsSolutions-CFR5': 'the way to the balancer is inside of AWS and the VPC, which is what a VPC origin is for',
    });
  }
}
