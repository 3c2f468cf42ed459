import { Annotations, CfnResource, Mixin } from 'aws-cdk-lib';
import { CfnService, CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { CfnParameterGroup, CfnReplicationGroup, CfnServerlessCache } from 'aws-cdk-lib/aws-elasticache';
import { CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IConstruct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { alb, ecs, type Values } from '../targets/index.ts';
import { isTunableService, tuneService, tuneTask } from './tuning/ecs.ts';
import { isTunableParameters, refuseServerless, tuneParameters, tuneReplicationGroup } from './tuning/elasticache.ts';
import { isTunableBalancer, isTunableGroup, tuneBalancer, tuneGroup } from './tuning/elb.ts';
import type { Change, Report } from './tuning/tuned.ts';

export type { Change } from './tuning/tuned.ts';

type Tune = (policy: StreamPolicy, report: Report) => void;

/** How to tune a construct, if it is one of those that streams depend on. */
function tuningOf(it: IConstruct): Tune | undefined {
  if (CfnLoadBalancer.isCfnLoadBalancer(it))
    return isTunableBalancer(it) ? (policy, report) => tuneBalancer(it, policy, report) : undefined;
  if (CfnTargetGroup.isCfnTargetGroup(it))
    return isTunableGroup(it) ? (policy, report) => tuneGroup(it, policy, report) : undefined;
  if (CfnTaskDefinition.isCfnTaskDefinition(it)) return (policy, report) => tuneTask(it, policy, report);
  if (CfnService.isCfnService(it))
    return isTunableService(it) ? (policy, report) => tuneService(it, policy, report) : undefined;
  if (CfnParameterGroup.isCfnParameterGroup(it))
    return isTunableParameters(it) ? (policy, report) => tuneParameters(it, policy, report) : undefined;
  if (CfnReplicationGroup.isCfnReplicationGroup(it))
    return (policy, report) => tuneReplicationGroup(it, policy, report);
  if (CfnServerlessCache.isCfnServerlessCache(it)) return (policy) => refuseServerless(it, policy);
  return undefined;
}

/** What stands for something that is defined elsewhere, and what would have to be set there. */
const imports: readonly {
  readonly is: (it: IConstruct) => boolean;
  readonly wanted: (policy: StreamPolicy) => Values;
}[] = [
  {
    is: (it) => 'loadBalancerArn' in it && !String(it.loadBalancerArn).includes(':loadbalancer/net/'),
    wanted: (policy) => alb.render(policy).loadBalancer,
  },
  // those of a Network Load Balancer know no connectables
  {
    is: (it) => 'targetGroupArn' in it && 'registerConnectable' in it,
    wanted: (policy) => alb.render(policy).targetGroup,
  },
  { is: (it) => 'taskDefinitionArn' in it, wanted: (policy) => ecs.render(policy).container },
  // Cloud Map has services too, and they have a namespace
  { is: (it) => 'serviceArn' in it && !('namespace' in it), wanted: (policy) => ecs.render(policy).service },
];

const importOf = (it: IConstruct) =>
  it.node.findAll().some(CfnResource.isCfnResource) ? undefined : imports.find(({ is }) => is(it))?.wanted;

/**
 * Sets what the policy asks for on balancers, target groups, ECS services and tasks, and ElastiCache groups that are
 * there already, L1 or L2, one of them or a whole tree:
 *
 *     loadBalancer.with(new StreamTuning(policy));
 *     Mixins.of(app).apply(new StreamTuning(policy));
 *
 * Health checks, sizes and everything else stay. What it sets is in `changes`, and shown by `cdk synth`.
 */
export class StreamTuning extends Mixin {
  private readonly policy: StreamPolicy;
  private readonly made = new Map<string, Change>();

  constructor(policy: StreamPolicy) {
    super();
    this.policy = policy;
  }

  /** What was set; known when the app has been synthesized. */
  get changes(): readonly Change[] {
    return [...this.made.values()];
  }

  override supports(construct: IConstruct): boolean {
    return (tuningOf(construct) ?? importOf(construct)) !== undefined;
  }

  /**
   * @throws PolicyError when AWS cannot express the policy.
   * @throws Error when the construct stands for something that is defined elsewhere; at synthesis, when its values are
   * known at deployment only.
   */
  override applyTo(construct: IConstruct): void {
    const wanted = importOf(construct)?.(this.policy);
    if (wanted !== undefined) throw notOurs(construct, wanted);
    tuningOf(construct)?.(this.policy, (changes) => this.report(construct, changes));
  }

  /** Templates are looked at more than once before they are written; each change is told once. */
  private report(construct: IConstruct, changes: readonly Change[]): void {
    for (const change of changes) {
      const key = `${change.construct} ${change.key}`;
      if (!this.made.has(key)) Annotations.of(construct).addInfo(said(change));
      this.made.set(key, change);
    }
  }
}

const said = ({ key, before, after }: Change): string =>
  `stream tuning: ${key} ${before === undefined ? 'set to' : `${shown(before)} →`} ${shown(after)}`;

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const notOurs = (construct: IConstruct, wanted: Values): Error => {
  const values = Object.entries(wanted).map(([key, value]) => `${key} ${value}`);
  return new Error(
    `${construct.node.path} is imported, and CDK changes nothing that is; set where it is defined ${values.join(', ')}`,
  );
};
