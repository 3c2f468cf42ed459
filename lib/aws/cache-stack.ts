import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { EventStore, type EventStoreProps } from './event-store.ts';
import { type ExistingVpc, vpcIn } from './existing.ts';

export interface CacheStackProps extends StackProps, Omit<EventStoreProps, 'vpc'> {
  readonly vpc: IVpc | ExistingVpc;
}

/** The event store in a stack of its own: it outlives every deployment of the service. */
export class CacheStack extends Stack {
  readonly store: EventStore;

  constructor(scope: Construct, id: string, props: CacheStackProps) {
    super(scope, id, props);
    this.store = new EventStore(this, 'EventStore', { ...props, vpc: vpcIn(this, props.vpc) });
    this.addOutputs();
  }

  /** What the commands of docs/operations.md want to know. */
  private addOutputs(): void {
    const { users, replicationGroup } = this.store;
    new CfnOutput(this, 'StoreUserId', { value: users.user.ref });
    new CfnOutput(this, 'StoreSecretArn', { value: users.credentials.secretArn });
    if (replicationGroup) new CfnOutput(this, 'StoreId', { value: replicationGroup.ref });
  }
}
