import { Stack, type StackProps } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import type { EventStore } from './event-store.ts';
import type { StreamStore } from './existing.ts';
import { StreamAlarms } from './stream-alarms.ts';
import { StreamDashboard } from './stream-dashboard.ts';
import type { StreamLoadBalancer } from './stream-load-balancer.ts';
import type { StreamService } from './stream-service.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly policy: StreamPolicy;
  readonly service: StreamService;
  readonly balancer: StreamLoadBalancer;
  /** Its nodes are watched when the kit has made them; of an existing store nothing but what the service sees. */
  readonly store?: EventStore | StreamStore | undefined;
  /** SNS topic that alarms go to, by its ARN. @default - one is created */
  readonly alarmTopicArn?: string | undefined;
  /** Address that a created topic writes to; AWS asks it to confirm. @default - nobody */
  readonly alarmEmail?: string | undefined;
  /** Address of docs/operations.md, for the links in alarms. @default 'docs/operations.md' */
  readonly runbook?: string | undefined;
}

/** Dashboard and alarms, in a stack of their own: what watches a deployment does not wait for it. */
export class ObservabilityStack extends Stack {
  readonly alarms: StreamAlarms;
  readonly dashboard: StreamDashboard;

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props);
    const { policy, service, balancer, store, alarmTopicArn, alarmEmail, runbook } = props;
    const watched = {
      policy,
      service: service.metricsName,
      balancer: {
        loadBalancer: balancer.loadBalancer.loadBalancerFullName,
        targetGroup: balancer.targetGroup.targetGroupFullName,
      },
      tasks: { cluster: service.cluster.clusterName, service: service.service.serviceName },
      storeNodes: store && 'nodeIds' in store ? store.nodeIds : [],
    };
    const topic: ITopic | undefined = alarmTopicArn ? Topic.fromTopicArn(this, 'Topic', alarmTopicArn) : undefined;
    this.alarms = new StreamAlarms(this, 'Alarms', { ...watched, topic, runbook });
    if (alarmEmail !== undefined) this.alarms.topic.addSubscription(new EmailSubscription(alarmEmail));
    this.dashboard = new StreamDashboard(this, 'Overview', watched);
  }
}
