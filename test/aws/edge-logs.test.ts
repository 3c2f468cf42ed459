import type { Template } from 'aws-cdk-lib/assertions';
import { edgeLogFields } from '../../lib/aws/edge-logs.ts';
import { only, templatesOf } from './stacks.ts';

const made = templatesOf({ aws: { edge: 'cloudfront', edgeDistributionId: 'E1ABCDEFGHIJKL', logDays: 7 } });
const logs = made.EdgeLogs as Template;

test('what may hold a token is not logged', () => {
  const fields: readonly string[] = only(logs, 'AWS::Logs::Delivery').RecordFields;

  expect(fields).toEqual(edgeLogFields);
  expect(fields.filter((field) => /query|cookie|referer/i.test(field))).toEqual([]);
});

test('the log is that of the distribution, and forgets', () => {
  expect(only(logs, 'AWS::Logs::DeliverySource')).toMatchObject({
    LogType: 'ACCESS_LOGS',
    ResourceArn: { 'Fn::Join': ['', expect.arrayContaining([':distribution/E1ABCDEFGHIJKL'])] },
  });
  expect(only(logs, 'AWS::Logs::LogGroup').RetentionInDays).toBe(7);
});

test('without the id of a distribution, or without one at all, there is no such stack', () => {
  expect(templatesOf({ aws: { edge: 'cloudfront' } })).not.toHaveProperty('EdgeLogs');
  expect(templatesOf({ aws: { edgeDistributionId: 'E1ABCDEFGHIJKL' } })).not.toHaveProperty('EdgeLogs');
});
