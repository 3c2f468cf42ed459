import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { StreamPolicyChecks } from '../../lib/aws/stream-policy-checks.ts';
import { definePolicy } from '../../lib/policy/index.ts';

/** Somebody's app, with somebody's timeout: what `cdk synth` makes of it is seen in stream-policy-checks.real.test.ts. */
const app = new App();
Validations.of(app).addPlugins(new StreamPolicyChecks(definePolicy()));

const stack = new Stack(app, 'Shop');
// CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }) as IVpc;
new ApplicationLoadBalancer(stack, 'Front', {
  vpc,
  idleTimeout: Duration.seconds(Number(app.node.tryGetContext('idle'))),
});
