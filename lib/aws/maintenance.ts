import {
  type ApplicationListener,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCondition,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LambdaTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  type CloseReason,
  controlEvents,
  retryBoundsMs,
  type SoftFailReason,
  type StreamPolicy,
  softFailHeader,
  streamHeaders,
} from '../policy/index.ts';
import { logGroup } from './logs.ts';

export interface MaintenanceAnswerProps {
  readonly policy: StreamPolicy;
  /** Listener on whose streams it answers. */
  readonly listener: ApplicationListener;
  /** Origins of pages that may read from another site. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
}

/** Times its usual `retry:` that a client waits during maintenance. */
const patience = 10;

/**
 * Answers every stream in the service's stead: 200, a jittered `retry:`, end. For as long as it is there, clients come
 * back by themselves; without it the balancer's own 503 ends a browser's stream for good. A balancer cannot do it alone:
 * its fixed response knows five content types (ELB API, FixedResponseConfig), and an event stream is none of them; and it
 * cannot begin by itself, as no rule asks whether a target is healthy.
 */
export class MaintenanceAnswer extends Construct {
  constructor(scope: Construct, id: string, { policy, listener, corsOrigins = [] }: MaintenanceAnswerProps) {
    super(scope, id);
    const { least, most } = retryBoundsMs(policy);
    const answer = new LambdaFunction(this, 'Answer', {
      description: 'answers event streams with a retry:',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromInline(codeFor(patience * least, patience * (most - least), corsOrigins)),
      logGroup: logGroup(this, 'Logs', { logDays: 7, retainData: false }),
      // no rights at all, not even to write a log: it has nothing to say
      role: new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
    });
    const targets = new ApplicationTargetGroup(this, 'Targets', {
      targetType: TargetType.LAMBDA,
      targets: [new LambdaTarget(answer)],
    });
    listener.addAction('Maintenance', {
      priority: 1,
      conditions: [ListenerCondition.httpHeader('Accept', ['*text/event-stream*'])],
      action: ListenerAction.forward([targets]),
    });
  }
}

/** What the service itself says when it turns a stream away while draining. */
function codeFor(leastMs: number, spreadMs: number, origins: readonly string[]): string {
  const headers = { ...streamHeaders, [softFailHeader]: 'draining' satisfies SoftFailReason };
  const close = `event: ${controlEvents.close}\ndata: ${JSON.stringify({ reason: 'drain' satisfies CloseReason })}\n\n`;
  return `const origins = ${JSON.stringify(origins)};
exports.handler = async ({ headers: { origin } }) => ({
  statusCode: 200,
  statusDescription: '200 OK',
  headers: {
    ...${JSON.stringify(headers)},
    vary: 'origin',
    ...(origins.includes(origin) && { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }),
  },
  body: 'retry: ' + Math.round(${leastMs} + Math.random() * ${spreadMs}) + '\\n\\n' + ${JSON.stringify(close)},
});
`;
}
