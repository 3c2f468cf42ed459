import { Duration } from 'aws-cdk-lib';
import type { IBaseService } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { Universal } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';

export interface RegularDeploymentProps {
  readonly service: IBaseService;
  /** Days between rotations of a secret that the tasks are started with. */
  readonly rotationDays: number;
}

/**
 * Replaces all tasks, twice as often as the store's password changes: a task gets its password when it starts, and
 * each stays valid for one rotation more, so none outlives its own. It is the rollout of a release, with the same drain.
 */
export class RegularDeployment extends Construct {
  readonly schedule: Schedule;

  constructor(scope: Construct, id: string, { service, rotationDays }: RegularDeploymentProps) {
    super(scope, id);
    this.schedule = new Schedule(this, 'Schedule', {
      description: `replaces the tasks of the stream service, because their password changes every ${rotationDays} days`,
      schedule: ScheduleExpression.rate(Duration.hours(12 * rotationDays)),
      target: new Universal({
        service: 'ecs',
        action: 'updateService',
        input: ScheduleTargetInput.fromObject({
          Cluster: service.cluster.clusterArn,
          Service: service.serviceName,
          ForceNewDeployment: true,
        }),
        policyStatements: [new PolicyStatement({ actions: ['ecs:UpdateService'], resources: [service.serviceArn] })],
      }),
    });
  }
}
