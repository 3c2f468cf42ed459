import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CacheStack, type CacheStackProps } from '../../lib/aws/cache-stack.ts';
import { type Deployment, deploy } from '../../lib/aws/deployment.ts';
import { featureFlags } from '../../lib/aws/feature-flags.ts';
import { NetworkStack, type NetworkStackProps } from '../../lib/aws/network-stack.ts';
import { ServiceStack, type ServiceStackProps } from '../../lib/aws/service-stack.ts';
import { parseConfig } from '../../lib/config/load.ts';
import { definePolicy, type StreamPolicy } from '../../lib/policy/index.ts';

/** sse-kit.config.json, or some of it. */
interface ConfigGiven {
  readonly policy?: object;
  readonly aws?: object;
  readonly service?: object;
}

interface Overrides {
  readonly policy?: Partial<StreamPolicy>;
  readonly network?: NetworkStackProps;
  readonly cache?: Partial<CacheStackProps>;
  readonly service?: Partial<ServiceStackProps>;
}

/** The three stacks, wired to each other. */
export function stacks(overrides: Overrides = {}) {
  const app = testApp();
  const policy = definePolicy(overrides.policy);
  const network = new NetworkStack(app, 'Test-Network', overrides.network);
  const { vpc } = network;
  const cache = new CacheStack(app, 'Test-Cache', { policy, vpc, ...overrides.cache });
  const image = 'registry.example.com/sse-kit:1';
  const service = new ServiceStack(app, 'Test-Service', {
    policy,
    vpc,
    store: cache.store,
    image,
    metricsName: 'Test',
    ...overrides.service,
  });
  return { app, policy, network, cache, service };
}

/** Templates by the last part of their stack's name, of a configuration as bin/app.ts takes it. */
export function templatesOf(config: ConfigGiven): Readonly<Record<string, Template>> {
  const made = Object.values(deployedIn(testApp(), config)).filter((one): one is Stack => one instanceof Stack);
  return Object.fromEntries(
    made.map((stack) => [stack.stackName.replace(/^.*-/, ''), Template.fromStack(stack)] as const),
  );
}

/** The stacks of a configuration, with an image that has to be built nowhere. */
export function deployedIn(app: App, config: ConfigGiven): Deployment {
  return deploy(
    app,
    parseConfig({ ...config, service: { image: 'registry.example.com/sse-kit:1', ...config.service } }),
  );
}

/** With the flags of cdk.json, which `new App()` does not read by itself. */
export const testApp = (): App =>
  // CDK's own validation costs seconds; the real synth of this folder runs with it
  new App({ context: { ...featureFlags }, builtinCloudFormationValidation: false });

/** Properties of the only resource of a type. */
export function only(template: Template, type: string) {
  const found = Object.values(template.findResources(type));
  expect(found).toHaveLength(1);
  return found[0]?.Properties;
}

/** Attributes as a record: CloudFormation has them as pairs, in no order that means anything. */
export function attributesOf(pairs: readonly { readonly Key: string; readonly Value: string }[]) {
  return Object.fromEntries(pairs.map(({ Key, Value }) => [Key, Value]));
}
