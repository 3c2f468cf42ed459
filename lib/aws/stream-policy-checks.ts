import { basename, dirname, join } from 'node:path';
import {
  CfnResource,
  type IPolicyValidationContext,
  type IPolicyValidationPlugin,
  type PolicyValidationPluginReport,
  type PolicyViolation,
  Stack,
} from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { hopRules, type StreamPolicy } from '../policy/index.ts';
import { targets, vendorChecks } from '../targets/index.ts';
import { type Finding, judge, unknownRule } from './checks/judge.ts';
import { readers } from './checks/readers.ts';
import type { Path } from './checks/reading.ts';
import { type Resource, readTemplate } from './checks/template.ts';

export interface StreamPolicyChecksProps {
  /** What streams pass through; everything below these constructs counts. @default - the whole app */
  readonly only?: readonly IConstruct[];
  /** Tokens travel in query strings, and so end up in access logs (the service's QUERY_TOKENS). @default true */
  readonly queryTokens?: boolean;
}

/** What stands beside a finding in the report. */
interface Words {
  readonly id: string;
  readonly why: string;
  readonly source: string;
}

const words: ReadonlyMap<string, Words> = new Map(
  [...vendorChecks, ...hopRules, ...targets.flatMap(({ limits }) => limits)].map((rule) => [rule.id, rule]),
);

/**
 * Fails `cdk synth` when something on the path cannot carry the policy's streams, or has a value that AWS will refuse in
 * the middle of the deployment. One line in anybody's app:
 *
 *     Validations.of(app).addPlugins(new StreamPolicyChecks(policy));
 *
 * Every balancer, target group, listener, ECS task and service, ElastiCache group and streaming API method counts as on
 * the path. `Validations.of(construct).acknowledge({ id: 'sse-kit::rule-id', reason })` accepts a finding. What only the
 * deployment will know is not judged, and said (`known-at-synth`).
 */
export class StreamPolicyChecks implements IPolicyValidationPlugin {
  readonly name = 'sse-kit';
  readonly ruleIds: string[] = [...words.keys(), 'elasticache-store', unknownRule];
  private readonly policy: StreamPolicy;
  private readonly only: readonly IConstruct[] | undefined;
  private readonly path: Path;

  constructor(policy: StreamPolicy, { only, queryTokens = true }: StreamPolicyChecksProps = {}) {
    this.policy = policy;
    this.only = only;
    this.path = { queryTokens };
  }

  validate({ templatePaths, appConstruct }: IPolicyValidationContext): PolicyValidationPluginReport {
    const onPath = this.only && resourcesBelow(this.only, appConstruct);
    const violations = allTemplates(templatePaths, appConstruct)
      .map(readTemplate)
      .flatMap(({ resources }) => [...resources.values()])
      .filter(({ template, logicalId }) => onPath?.has(resourceKey(template.path, logicalId)) ?? true)
      .flatMap((resource) => this.findings(resource).map((finding) => violation(resource, finding)));
    return { success: !violations.some(({ severity }) => severity === 'error'), violations };
  }

  private findings(resource: Resource): readonly Finding[] {
    const readings = readers[resource.type]?.(resource, this.path) ?? [];
    return readings.flatMap((reading) => judge(this.policy, resource.type, reading));
  }
}

function violation({ logicalId, template }: Resource, { rule, message, severity, location }: Finding): PolicyViolation {
  const { why, source } = words.get(rule) ?? {};
  return {
    ruleName: rule,
    description: message,
    severity,
    ...(why !== undefined && source !== undefined && { ruleMetadata: { why, source } }),
    violatingResources: [{ resourceLogicalId: logicalId, templatePath: template.path, locations: [location] }],
  };
}

/** Templates of nested stacks are assets: CDK leaves them out, and they stand beside the one of the outermost stack. */
function allTemplates(paths: readonly string[], app: IConstruct): readonly string[] {
  const nested = app.node
    .findAll()
    .filter(Stack.isStack)
    .filter((stack) => stack.nestedStackParent !== undefined)
    .flatMap((stack) => {
      const outer = paths.find((path) => basename(path) === outermost(stack).templateFile);
      return outer === undefined ? [] : [join(dirname(outer), stack.templateFile)];
    });
  return [...paths, ...nested];
}

const outermost = (stack: Stack): Stack =>
  stack.nestedStackParent === undefined ? stack : outermost(stack.nestedStackParent);

/** Names of template files are unique in an app. */
const resourceKey = (templatePath: string, logicalId: string): string => `${basename(templatePath)} ${logicalId}`;

function resourcesBelow(roots: readonly IConstruct[], app: IConstruct): ReadonlySet<string> {
  const all = app.node.findAll();
  const below = roots.flatMap((root) => root.node.findAll());
  const strays = roots.filter((root) => !all.includes(root));
  if (strays.length > 0)
    throw new Error(`only (${strays.map(({ node }) => node.path).join(', ')}) must be constructs of this app`);
  return new Set(
    below.filter(CfnResource.isCfnResource).map((resource) => {
      const stack = Stack.of(resource);
      return resourceKey(stack.templateFile, String(stack.resolve(resource.logicalId)));
    }),
  );
}
