import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { policyFromEnv } from '../../lib/policy/index.ts';
import { importingApp } from './importing-app.ts';
import { only, testApp } from './stacks.ts';

// CDK warns that it does not know the routes of these subnets; nobody here asks for them
jest.spyOn(console, 'error').mockImplementation(() => {});
const template = Template.fromStack(importingApp(testApp()));

test("an app of one's own needs twenty lines, a VPC that it knows and one policy", () => {
  const { Environment } = only(template, 'AWS::ECS::TaskDefinition').ContainerDefinitions[0];
  const variables = Object.fromEntries(
    Environment.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]),
  );

  expect(policyFromEnv(variables)).toMatchObject({ heartbeatSeconds: 8, maxStreams: 10_000 });
  expect(only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Subnets).toEqual([
    'subnet-0123456789abcdef0',
    'subnet-0123456789abcdef1',
  ]);
  template.resourceCountIs('AWS::EC2::VPC', 0);
});

test('the README shows the very app', () => {
  const lines = (path: string) => readFileSync(join(__dirname, path), 'utf8').split('\n');
  const body = lines('importing-app.ts')
    .slice(6, -3)
    .map((line) => line.replace(/^ {2}/, ''));

  expect(lines('../../README.md').join('\n').split(body.join('\n'))).toHaveLength(2);
});
