import { numberFrom, type Values } from '../settings.ts';
import { type KeyTable, number } from '../vendor/accepts.ts';
import { type Known, listedKeys, rightKeys, rightValues, type VendorCheck, vendorCheck } from '../vendor/check.ts';
import {
  type BalancerKind,
  balancerAttributes,
  balancerKinds,
  kindOfProtocol,
  listenerAttributes,
  targetGroupAttributes,
} from './attributes.ts';

const titles: Readonly<Record<BalancerKind | 'lambda', string>> = {
  application: 'an Application Load Balancer',
  network: 'a Network Load Balancer',
  gateway: 'a Gateway Load Balancer',
  lambda: 'an Application Load Balancer with a Lambda function',
};

/** Ranges of a target group's health check (ELB v2 API, CreateTargetGroup). */
const healthCheck: KeyTable = {
  HealthCheckIntervalSeconds: number(5, 300),
  HealthCheckTimeoutSeconds: number(2, 120),
  HealthyThresholdCount: number(2, 10),
  UnhealthyThresholdCount: number(2, 10),
};

const known = <Kind extends keyof typeof titles>(
  tables: Readonly<Record<Kind, KeyTable>>,
  kind: Kind | undefined,
  what = '',
): Known | undefined =>
  kind && {
    table: tables[kind],
    of: `${what}${titles[kind]}`,
    elsewhere: Object.assign({}, ...Object.values<KeyTable>(tables)),
  };

const ofBalancer = ({ Type = 'application' }: Values) =>
  known(
    balancerAttributes,
    balancerKinds.find((kind) => kind === Type),
  );

const ofListener = ({ Protocol }: Values) =>
  known(listenerAttributes, kindOfProtocol[String(Protocol)], 'a listener of ');

const ofTargetGroup = ({ Protocol, TargetType }: Values) =>
  known(
    targetGroupAttributes,
    TargetType === 'lambda' ? 'lambda' : kindOfProtocol[String(Protocol)],
    'a target group of ',
  );

/** The three resources that have attributes, in the words of ids and of CloudFormation. */
const bags = [
  {
    id: 'balancer',
    type: 'LoadBalancer',
    of: ofBalancer,
    misspelt: { 'idle_timeout.timeout_second': '60' },
    refused: { 'idle_timeout.timeout_seconds': '5000' },
    unlisted: { 'quantum.entanglement.enabled': 'true' },
  },
  {
    id: 'target-group',
    type: 'TargetGroup',
    of: ofTargetGroup,
    misspelt: { Protocol: 'HTTP', 'preserve_client_ip.enabled': 'true' },
    refused: { Protocol: 'HTTP', 'deregistration_delay.timeout_seconds': '7200' },
    unlisted: { Protocol: 'HTTP', 'quantum.entanglement.enabled': 'true' },
  },
  {
    id: 'listener',
    type: 'Listener',
    of: ofListener,
    misspelt: { Protocol: 'HTTPS', 'tcp.idle_timeout.seconds': '350' },
    refused: { Protocol: 'TCP', 'tcp.idle_timeout.seconds': '7200' },
    unlisted: { Protocol: 'TCP', 'quantum.entanglement.enabled': 'true' },
  },
] as const;

const targetGroup = 'AWS::ElasticLoadBalancingV2::TargetGroup';

const attributeChecks: readonly VendorCheck[] = bags.flatMap(({ id, type, of, misspelt, refused, unlisted }) => {
  const words = {
    why: 'the ELB API refuses it in the middle of a deployment; CDK, CloudFormation and cfn-lint pass it on',
    source: `docs.aws.amazon.com/AWSCloudFormation: AWS::ElasticLoadBalancingV2::${type} ${type}Attribute`,
    on: `AWS::ElasticLoadBalancingV2::${type}`,
  };
  return [
    rightKeys({ id: `elb-${id}-attribute`, ...words, example: misspelt }, of),
    rightValues({ id: `elb-${id}-value`, ...words, example: refused }, (values) => ({
      ...of(values)?.table,
      ...(type === 'TargetGroup' && healthCheck),
    })),
    listedKeys({ id: `elb-${id}-unlisted`, ...words, example: unlisted }, of),
  ];
});

/** Algorithms that slow start goes together with (ELB user guide, "Slow start mode" and "Routing algorithms"). */
const slowStartAlgorithm = 'round_robin';

/** What Elastic Load Balancing refuses of balancers, target groups and listeners. */
export const elbChecks: readonly VendorCheck[] = [
  ...attributeChecks,
  vendorCheck({
    id: 'elb-slow-start',
    why: 'a new target cannot be given its share slowly by an algorithm that looks at open requests, or at chance',
    source: 'docs.aws.amazon.com/elasticloadbalancing: slow start goes with round robin only; CDK checks one algorithm',
    on: targetGroup,
    example: { 'slow_start.duration_seconds': '60', 'load_balancing.algorithm.type': 'least_outstanding_requests' },
    broken: (values) => {
      const seconds = numberFrom(values, 'slow_start.duration_seconds', 0);
      const algorithm = values['load_balancing.algorithm.type'] ?? slowStartAlgorithm;
      if (seconds === 0 || algorithm === slowStartAlgorithm) return [];
      return [
        {
          keys: ['slow_start.duration_seconds', 'load_balancing.algorithm.type'],
          message: `slow_start.duration_seconds (${seconds}) must be 0 with load_balancing.algorithm.type (${algorithm}); lower it to 0`,
        },
      ];
    },
  }),
  vendorCheck({
    id: 'elb-health-check',
    why: 'a check must have failed before the next one begins; CDK sees it, templates that it did not write get through',
    source: 'docs.aws.amazon.com/elasticloadbalancing: HealthCheckTimeoutSeconds is less than the interval',
    on: targetGroup,
    example: { Protocol: 'HTTP', HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 10 },
    broken: (values) => {
      if (kindOfProtocol[String(values.Protocol)] !== 'application') return [];
      const interval = numberFrom(values, 'HealthCheckIntervalSeconds', 30);
      const timeout = numberFrom(values, 'HealthCheckTimeoutSeconds', 5);
      if (timeout < interval) return [];
      return [
        {
          keys: ['HealthCheckTimeoutSeconds', 'HealthCheckIntervalSeconds'],
          message: `HealthCheckTimeoutSeconds (${timeout}) must be less than HealthCheckIntervalSeconds (${interval}); lower it to ${interval - 1}`,
        },
      ];
    },
  }),
];
