import { App } from 'aws-cdk-lib';
import { CacheStack } from '../lib/aws/cache-stack.ts';
import { NetworkStack } from '../lib/aws/network-stack.ts';
import { ServiceStack } from '../lib/aws/service-stack.ts';
import { loadConfig } from '../lib/config/load.ts';
import { PolicyError } from '../lib/policy/index.ts';

/** The CDK app. Another configuration file: `npx cdk synth -c config=path`, or SSE_KIT_CONFIG. */
const app = new App();
try {
  const { policy, service, aws } = loadConfig({ path: app.node.tryGetContext('config') });
  if (aws.enabled) {
    const { vpc } = new NetworkStack(app, `${aws.name}-Network`, { maxAzs: aws.maxAzs, natGateways: aws.natGateways });
    const { store } = new CacheStack(app, `${aws.name}-Cache`, {
      policy,
      vpc,
      nodeType: aws.cacheNodeType,
      replicas: aws.cacheReplicas,
    });
    new ServiceStack(app, `${aws.name}-Service`, {
      policy,
      vpc,
      store,
      image: service.image,
      cpu: service.cpu,
      memoryMiB: service.memoryMiB,
      minReplicas: service.replicas.min,
      maxReplicas: service.replicas.max,
      allowAnonymous: service.allowAnonymous,
      internetFacing: aws.internetFacing,
      certificateArn: aws.certificateArn,
    });
  } else console.error('aws.enabled is false in the configuration: there are no stacks to synthesize');
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.error(error.message);
  process.exit(1);
}
