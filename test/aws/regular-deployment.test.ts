import { only, templatesOf } from './stacks.ts';

test('tasks are replaced twice as often as the password changes, by a role that may do nothing else', () => {
  const { Service, Cache } = templatesOf({ aws: { cacheRotationDays: 30 } });
  if (!Service || !Cache) throw new Error('stacks are missing');
  const { ScheduleExpression, Target } = only(Service, 'AWS::Scheduler::Schedule');

  expect(ScheduleExpression).toBe('rate(15 days)');
  expect(JSON.stringify(Target.Input)).toContain('\\"ForceNewDeployment\\":true');
  expect(Target.Arn).toEqual({ 'Fn::Join': ['', expect.arrayContaining([':scheduler:::aws-sdk:ecs:updateService'])] });
  expect(only(Cache, 'AWS::SecretsManager::RotationSchedule').RotationRules).toEqual({ AutomaticallyAfterDays: 30 });
  const statements = Object.values(Service.findResources('AWS::IAM::Policy')).flatMap(
    ({ Properties }) => Properties.PolicyDocument.Statement,
  );
  expect(statements.filter(({ Action }) => Action === 'ecs:UpdateService')).toEqual([
    expect.objectContaining({ Resource: { Ref: expect.any(String) } }),
  ]);
});
