import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../lib/config/schema.ts';
import { fieldNames } from '../../lib/policy/index.ts';
import { only, templatesOf } from './stacks.ts';

const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
const onAws = page.slice(page.indexOf('## On AWS'), page.indexOf('## Alerts\n'));
const prod = templatesOf({ aws: { stage: 'prod', maintenance: true } });

const all = (pattern: RegExp): readonly string[] => [
  ...new Set([...onAws.matchAll(pattern)].map(([, name = '']) => name)),
];

test('every stack and output that the page names is there', () => {
  const named = all(/`SseKit-(\w+(?:\.\w+)?)`/g);
  const there = Object.entries(prod).flatMap(([stack, template]) => [
    stack,
    ...Object.keys(template.toJSON().Outputs ?? {}).map((output) => `${stack}.${output}`),
  ]);

  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !there.includes(name))).toEqual([]);
});

test('so is every alarm', () => {
  const alarms = Object.values(prod.Observability?.findResources('AWS::CloudWatch::Alarm') ?? {}).map(
    ({ Properties }) => Properties.AlarmName,
  );

  expect(all(/`((?:Sse(?!Kit)|Aws)[A-Z]\w+)`/g).filter((name) => !alarms.includes(`SseKit-${name}`))).toEqual([]);
});

test('every key of the command line and of the tables is one of the configuration', () => {
  const { properties } = configSchema() as { properties: Record<'aws' | 'policy', { properties: object }> };
  const known = [...Object.keys(properties.aws.properties), ...fieldNames];
  const keys = [...all(/-c (\w+)=/g), ...all(/^\| `(\w+)`/gm), ...all(/`(\w+Days|usersPerAddress|retainData)`/g)];
  const others = ['config', 'nodes', 'cluster', 'serverless'];

  expect(keys.filter((key) => !known.includes(key) && !others.includes(key))).toEqual([]);
});

test('the numbers that it tells are those of the templates', () => {
  const { Service } = prod;
  if (Service === undefined) throw new Error('there is no service');
  const groups = Object.values(Service.findResources('AWS::ElasticLoadBalancingV2::TargetGroup'));
  const check = groups.map(({ Properties }) => Properties).find(({ HealthCheckPath }) => HealthCheckPath === '/readyz');

  expect(onAws).toContain(`waits ${check.HealthCheckIntervalSeconds * check.UnhealthyThresholdCount} s`);
  expect(only(Service, 'AWS::WAFv2::WebACL').Rules.map(({ Name }: { Name: string }) => Name)).toContain('Flood');
  expect(onAws).toContain(', Flood,');
});
