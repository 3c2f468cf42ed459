import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { type AlarmFacts, alarmTable, type Watched } from '../../lib/aws/alarm-table.ts';
import { StreamAlarms } from '../../lib/aws/stream-alarms.ts';
import { vendorMetrics } from '../../lib/aws/vendor-metrics.ts';
import { alerts } from '../../lib/observability/alerts.ts';
import { cloudWatchMetric, definePolicy, type MetricName, metricFacts } from '../../lib/policy/index.ts';
import { testApp } from './stacks.ts';

const policy = definePolicy({ maxStreams: 15_000, connectRatePerSecond: 500, idleSeconds: 90 });
const watched: Watched = {
  service: 'Test',
  balancer: { loadBalancer: 'app/x/1', targetGroup: 'targetgroup/x/1' },
  tasks: { cluster: 'c', service: 's' },
  storeNodes: ['group-001', 'group-002'],
};
const table = alarmTable(policy, watched);
const operations = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

const stack = new Stack(testApp(), 'Alarms');
const own = new StreamAlarms(stack, 'Alarms', { policy, ...watched });
const template = Template.fromStack(stack);
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

interface MetricData {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

interface AlarmData extends Partial<MetricData> {
  readonly Metrics?: readonly { readonly Expression?: string; readonly MetricStat?: { readonly Metric: MetricData } }[];
}

/** The metrics that an alarm asks for, whether by themselves or in an expression. */
const metricsOf = ({ Namespace, MetricName: name, Dimensions, Metrics = [] }: AlarmData): readonly MetricData[] =>
  Namespace && name && Dimensions
    ? [{ Namespace, MetricName: name, Dimensions }]
    : Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);

/** What the service tells CloudWatch, as `name` or `name reason`. */
const told = new Set(
  (Object.keys(metricFacts) as MetricName[]).flatMap((metric) => {
    const { name, reasons } = cloudWatchMetric(metric);
    return reasons.length === 0 ? [name] : reasons.map((reason) => `${name} ${reason}`);
  }),
);

test('there is an alarm for each fact, under its name', () => {
  expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual(table.map(({ name }) => `Test-${name}`).sort());
  expect(Object.keys(own.alarms).sort()).toEqual(table.map(({ name }) => name).sort());
});

test('every metric asked for is one that the service tells, or AWS has', () => {
  const asked = alarms.flatMap(metricsOf);
  const strangers = asked.filter(({ Namespace, MetricName: name, Dimensions }) => {
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
    if (Namespace !== 'SseKit') return !(name in ((vendorMetrics as Record<string, object>)[Namespace] ?? {}));
    return !told.has([name, dimensions.Reason].join(' ').trim()) || dimensions.Service !== 'Test';
  });

  expect(strangers).toEqual([]);
  expect(asked.length).toBeGreaterThan(table.length);
});

test.each(table)('$name has a section that says what it means, where to look and what to do', ({ name }) => {
  const section = operations.split(/^### /m).find((text) => text.startsWith(`${name}\n`)) ?? '';

  for (const part of ['**Means**', '**Look**', '**Do**']) expect(section).toContain(part);
});

test('no section of AWS is left over', () => {
  const sections = [...operations.matchAll(/^### (Aws\w+)$/gm)].map(([, name]) => name);

  expect(sections.sort()).toEqual(
    table
      .map(({ name }) => name)
      .filter((name) => name.startsWith('Aws'))
      .sort(),
  );
});

test('what Prometheus alerts about has its alarm here, but for what only Node itself tells', () => {
  const names = new Set(table.map(({ name }) => name));

  // the files of a task are limited by the ecs target, far above maxStreams
  expect(
    alerts(policy)
      .map(({ name }) => name)
      .filter((name) => !names.has(name)),
  ).toEqual(['SseFilesNearlyOut']);
});

test('an alarm says how grave it is, why, and what to read', () => {
  const descriptions = alarms.map(({ AlarmDescription }) => AlarmDescription);

  expect(
    descriptions.filter((text) => !/^\[(critical|warning)\] .{20,}\. docs\/operations\.md#(sse|aws)[a-z]+$/.test(text)),
  ).toEqual([]);
  expect(alarms.filter(({ AlarmActions, OKActions }) => !AlarmActions || !OKActions)).toEqual([]);
});

test('silence is a trouble where it is one, and else nothing', () => {
  const breaching = table.filter(({ missing }) => missing === 'breaching').map(({ name }) => name);

  expect(breaching).toEqual(['SseNoMetrics', 'AwsNoHealthyReplica']);
});

test.each<[string, (facts: AlarmFacts) => unknown, unknown]>([
  ['SseReplicaNearlyFull', ({ threshold }) => threshold, 12_000],
  ['SseReconnectStorm', ({ threshold }) => threshold, 400],
  ['SseStreamsUneven', ({ periods }) => periods, Math.ceil(3960 / 300)],
])('%s follows the policy', (name, of, expected) => {
  const facts = table.find((one) => one.name === name);

  expect(facts && of(facts)).toBe(expected);
});

test('expressions follow the policy too', () => {
  const expressionOf = (name: string) =>
    alarms
      .find(({ AlarmName }) => AlarmName === `Test-${name}`)
      ?.Metrics.find(({ Expression }: { Expression?: string }) => Expression)?.Expression;

  expect(expressionOf('SseStreamsCutShort')).toBe('IF(active > 100, closed / 60 * 90 / active, 0)');
  expect(expressionOf('SseStreamsUneven')).toBe('IF(mean > 750, most / mean, 0)');
});

test('streams that live for more than a day are watched for longer, as far as CloudWatch looks back', () => {
  const old = alarmTable(definePolicy({ maxStreamAgeSeconds: 86_400, stickiness: 'none' }), { service: 'Test' });
  const uneven = old.find(({ name }) => name === 'SseStreamsUneven');

  // API PutMetricAlarm: a week at periods of an hour or more
  expect((uneven?.periods ?? 0) * 3600).toBeLessThanOrEqual(604_800);
  expect(uneven?.periods).toBe(Math.ceil(95_040 / 3600));
});

test('what is not there has no alarms', () => {
  const names = (some: Partial<Watched>) => alarmTable(policy, { service: 'Test', ...some }).map(({ name }) => name);

  expect(names({}).filter((name) => name.startsWith('Aws'))).toEqual([]);
  expect(names({ storeNodes: ['group-001'] })).not.toContain('AwsStoreCopyBehind');
  expect(names({ storeNodes: ['group-001'] })).toContain('AwsStoreNearlyFull');
});

test('critical alarms can go to somebody else, and any property of one can be changed', () => {
  const other = new Stack(testApp(), 'Other');
  const topic = new Topic(other, 'Everybody');
  const criticalTopic = new Topic(other, 'Pager');
  new StreamAlarms(other, 'Alarms', {
    policy,
    ...watched,
    topic,
    criticalTopic,
    runbook: 'https://example.com/operations',
    alarmProps: { SseDeliverySlow: { threshold: 3 } },
  });
  const found = Object.values(Template.fromStack(other).findResources('AWS::CloudWatch::Alarm'));
  const propsOf = (name: string) => found.find(({ Properties }) => Properties.AlarmName === `Test-${name}`)?.Properties;

  expect(propsOf('SseStoreAway').AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Pager/) }]);
  expect(propsOf('SseDeliverySlow')).toMatchObject({
    Threshold: 3,
    AlarmActions: [{ Ref: expect.stringMatching(/^Everybody/) }],
    AlarmDescription: expect.stringContaining('https://example.com/operations#ssedeliveryslow'),
  });
});

test('only who speaks TLS may publish to the topic', () => {
  expect(JSON.stringify(template.findResources('AWS::SNS::TopicPolicy'))).toContain('aws:SecureTransport');
});
