import { App, Validations } from 'aws-cdk-lib';
import { awsContext } from '../lib/aws/context.ts';
import { deploy } from '../lib/aws/deployment.ts';
import { StreamPolicyChecks } from '../lib/aws/stream-policy-checks.ts';
import { loadConfig } from '../lib/config/load.ts';
import { PolicyError } from '../lib/policy/index.ts';

/**
 * The CDK app. Another configuration file: `npx cdk synth -c config=path`, or SSE_KIT_CONFIG. Any key of the aws section:
 * `-c stage=prod`.
 */
const app = new App();
try {
  const config = loadConfig({ path: app.node.tryGetContext('config'), aws: awsContext(app.node.getAllContext()) });
  if (config.aws.enabled) {
    const { QUERY_TOKENS: queryTokens = 'false' } = config.service.env;
    Validations.of(app).addPlugins(new StreamPolicyChecks(config.policy, { queryTokens: queryTokens !== 'false' }));
    deploy(app, config);
  } else console.error('aws.enabled is false in the configuration: there are no stacks to synthesize');
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.error(error.message);
  process.exit(1);
}
