import type { CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { StreamPolicy } from '../../policy/index.ts';
import { alb, kindOfProtocol } from '../../targets/index.ts';
import { asTexts, attributes, type Bag, type Report, tuned } from './tuned.ts';

/** Balancers of other kinds have none of these attributes. */
export const isTunableBalancer = ({ type }: CfnLoadBalancer): boolean => (type ?? 'application') === 'application';

export function tuneBalancer(balancer: CfnLoadBalancer, policy: StreamPolicy, report: Report): void {
  const wanted = asTexts(alb.render(policy).loadBalancer);
  const { loadBalancerAttributes: own } = balancer;
  balancer.loadBalancerAttributes = tuned(balancer, 'LoadBalancerAttributes', own, attributes, () => wanted, report);
}

export const isTunableGroup = ({ protocol, targetType }: CfnTargetGroup): boolean =>
  kindOfProtocol[String(protocol)] === 'application' && targetType !== 'lambda';

const slowStart = 'slow_start.duration_seconds';

/** The health check stays: its path is the service's own affair. */
export function tuneGroup(group: CfnTargetGroup, policy: StreamPolicy, report: Report): void {
  const wanted = asTexts(alb.render(policy).targetGroup);
  const withoutSlowStart = (now: Bag): Bag => ({
    ...wanted,
    // goes with round robin only
    ...(now[slowStart] !== undefined && { [slowStart]: '0' }),
  });
  const { targetGroupAttributes: own } = group;
  group.targetGroupAttributes = tuned(group, 'TargetGroupAttributes', own, attributes, withoutSlowStart, report);
}
