import { Alarm, type AlarmProps, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { StreamPolicy } from '../policy/index.ts';
import { type AlarmFacts, alarmTable, type Watched } from './alarm-table.ts';

export interface StreamAlarmsProps extends Watched {
  readonly policy: StreamPolicy;
  /** Who is told of alarms and of their end. @default - a topic without subscribers is created */
  readonly topic?: ITopic | undefined;
  /** Who is told of what clients lose now. @default - the same topic */
  readonly criticalTopic?: ITopic | undefined;
  /** Address of docs/operations.md, for the links in alarms. @default 'docs/operations.md' */
  readonly runbook?: string | undefined;
  /** Any other property of an alarm, by its name; wins over what this construct sets. @default - none */
  readonly alarmProps?: Readonly<Record<string, Partial<AlarmProps>>>;
}

/** Alarms on streams: each with its reason, a threshold of the policy, and the section of docs/operations.md to read. */
export class StreamAlarms extends Construct {
  readonly topic: ITopic;
  /** By their names in docs/operations.md. */
  readonly alarms: Readonly<Record<string, Alarm>>;

  constructor(scope: Construct, id: string, props: StreamAlarmsProps) {
    super(scope, id);
    this.topic = props.topic ?? this.createTopic();
    const actions = {
      warning: new SnsAction(this.topic),
      critical: new SnsAction(props.criticalTopic ?? this.topic),
    };
    this.alarms = Object.fromEntries(
      alarmTable(props.policy, props).map((facts) => {
        const alarm = new Alarm(this, facts.name, { ...alarmPropsOf(facts, props), ...props.alarmProps?.[facts.name] });
        alarm.addAlarmAction(actions[facts.severity]);
        alarm.addOkAction(actions[facts.severity]);
        return [facts.name, alarm];
      }),
    );
  }

  private createTopic(): ITopic {
    // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    return new Topic(this, 'Topic', { displayName: 'alarms of the stream service', enforceSSL: true }) as ITopic;
  }
}

const operators = {
  '>': ComparisonOperator.GREATER_THAN_THRESHOLD,
  '<': ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

const missing = {
  breaching: TreatMissingData.BREACHING,
  notBreaching: TreatMissingData.NOT_BREACHING,
} as const;

function alarmPropsOf(facts: AlarmFacts, { service, runbook = 'docs/operations.md' }: StreamAlarmsProps): AlarmProps {
  return {
    alarmName: `${service}-${facts.name}`,
    alarmDescription: `[${facts.severity}] ${facts.summary} ${runbook}#${facts.name.toLowerCase()}`,
    metric: facts.metric,
    comparisonOperator: operators[facts.when],
    threshold: facts.threshold,
    evaluationPeriods: facts.periods,
    treatMissingData: missing[facts.missing],
  };
}
