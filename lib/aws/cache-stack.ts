import { Stack, type StackProps } from 'aws-cdk-lib';
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
  }
}
