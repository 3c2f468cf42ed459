import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EventStore, type EventStoreProps } from './event-store.ts';

export interface CacheStackProps extends StackProps, EventStoreProps {}

/** The event store in a stack of its own: it outlives every deployment of the service. */
export class CacheStack extends Stack {
  readonly store: EventStore;

  constructor(scope: Construct, id: string, props: CacheStackProps) {
    super(scope, id, props);
    this.store = new EventStore(this, 'EventStore', props);
  }
}
