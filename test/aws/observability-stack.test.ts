import { only, templatesOf } from './stacks.ts';

const made = templatesOf({ aws: { cacheReplicas: 1, alarmEmail: 'ops@example.com' } });
const alarmNames = (template = made.Observability) =>
  Object.values(template?.findResources('AWS::CloudWatch::Alarm') ?? {}).map(({ Properties }) => Properties.AlarmName);

test('what is deployed is watched: tasks, balancer and each node of the store', () => {
  expect(alarmNames()).toEqual(
    expect.arrayContaining(['SseKit-SseNoMetrics', 'SseKit-AwsBalancerErrors', 'SseKit-AwsStoreCopyBehind']),
  );
  expect(JSON.stringify(made.Observability)).toContain('-002');
});

test('alarms look for the metrics under the name that the tasks tell them by', () => {
  const { ContainerDefinitions } = only(made.Service as never, 'AWS::ECS::TaskDefinition');
  const environment = Object.fromEntries(
    ContainerDefinitions[0].Environment.map(({ Name, Value }: Record<string, string>) => [Name, Value]),
  );

  expect(environment.EMF_SERVICE).toBe('SseKit');
  expect(JSON.stringify(made.Observability)).toContain('{"Name":"Service","Value":"SseKit"}');
});

test('alarms go to an address, or to a topic that is there already', () => {
  const given = 'arn:aws:sns:eu-central-1:123456789012:ops';
  const theirs = templatesOf({ aws: { existing: { alarmTopicArn: given } } }).Observability;

  expect(only(made.Observability as never, 'AWS::SNS::Subscription')).toMatchObject({
    Protocol: 'email',
    Endpoint: 'ops@example.com',
  });
  expect(theirs?.findResources('AWS::SNS::Topic')).toEqual({});
  expect(JSON.stringify(theirs)).toContain(given);
});

test('an existing store is watched through the service alone', () => {
  const redis = { host: 'redis.example.com', securityGroupId: 'sg-0123456789abcdef0' };
  const names = alarmNames(templatesOf({ aws: { existing: { redis } } }).Observability);

  expect(names.filter((name) => name.includes('AwsStore'))).toEqual([]);
  expect(names).toContain('SseKit-SseStoreAway');
});
