import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { StreamDashboard } from '../../lib/aws/stream-dashboard.ts';
import { vendorMetrics } from '../../lib/aws/vendor-metrics.ts';
import { cloudWatchMetric, definePolicy, type MetricName, metricFacts } from '../../lib/policy/index.ts';
import { only, testApp } from './stacks.ts';

type Line = readonly [namespace: string, name: string, ...rest: unknown[]];

interface Widget {
  readonly x: number;
  readonly width: number;
  readonly properties: {
    readonly title: string;
    readonly metrics: readonly Line[];
    readonly annotations?: { readonly horizontal: readonly { readonly value: number }[] };
  };
}

function widgetsOf(watched: object): readonly Widget[] {
  const stack = new Stack(testApp(), 'Dashboard');
  new StreamDashboard(stack, 'Overview', { policy: definePolicy({ maxStreams: 15_000 }), service: 'Test', ...watched });
  const body = only(Template.fromStack(stack), 'AWS::CloudWatch::Dashboard').DashboardBody;
  // the region is known at deployment only
  const text =
    typeof body === 'string'
      ? body
      : body['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'x')).join('');
  return JSON.parse(text).widgets;
}

const widgets = widgetsOf({
  balancer: { loadBalancer: 'app/x/1', targetGroup: 'targetgroup/x/1' },
  tasks: { cluster: 'c', service: 's' },
  storeNodes: ['group-001', 'group-002'],
});
const lines = widgets.flatMap(({ properties }) => properties.metrics).filter(([first]) => typeof first === 'string');

test('every metric that the service tells is on it', () => {
  const names = (Object.keys(metricFacts) as MetricName[]).map((metric) => cloudWatchMetric(metric).name);

  expect(names.filter((name) => !lines.some(([, shown]) => shown === name))).toEqual([]);
});

test('every metric of AWS that the kit knows is on it, or has an alarm', () => {
  const shown = new Set(lines.map(([namespace, name]) => `${namespace} ${name}`));
  const known = Object.entries(vendorMetrics).flatMap(([namespace, names]) =>
    Object.keys(names).map((name) => `${namespace} ${name}`),
  );

  expect(known.filter((name) => !shown.has(name))).toEqual([
    'AWS/ApplicationELB HealthyHostCount',
    'AWS/ApplicationELB RequestCount',
  ]);
});

test('limits of the policy are drawn', () => {
  expect(widgets[0]?.properties.annotations?.horizontal[0]?.value).toBe(15_000);
});

test('rows are as wide as the grid at most', () => {
  expect(widgets.filter(({ x, width }) => x + width > 24)).toEqual([]);
});

test('without a balancer and a store of the kit, what the service tells is left', () => {
  expect(widgetsOf({}).map(({ properties }) => properties.title)).toMatchInlineSnapshot(`
[
  "Open streams",
  "Opened in a minute, by the busiest replica",
  "Closed, by reason",
  "Turned away, by reason, and slow clients",
  "Published, delivered, replayed",
  "From publish to write, p99 of the slowest replica",
  "Gaps, by reason",
  "Store: connected, and lag in seconds",
]
`);
});
