import { awsContext } from '../../lib/aws/context.ts';
import { featureFlags } from '../../lib/aws/feature-flags.ts';
import { parseConfig } from '../../lib/config/load.ts';

test('keys of the command line are numbers, switches and objects where they read as such', () => {
  const given = {
    stage: 'prod',
    maxAzs: '3',
    deletionProtection: 'false',
    hostedZone: '{"id":"Z1","name":"a.example"}',
  };

  expect(awsContext(given)).toEqual({
    stage: 'prod',
    maxAzs: 3,
    deletionProtection: false,
    hostedZone: { id: 'Z1', name: 'a.example' },
  });
});

test('what CDK keeps in its context is left alone', () => {
  const cdk = { ...featureFlags, config: 'a.json', 'cli-telemetry': false, 'aws:cdk:bundling-stacks': ['**'] };

  expect(awsContext(cdk)).toEqual({});
});

test('a misspelt key is a fault, not ignored', () => {
  expect(() => parseConfig({ aws: awsContext({ stge: 'prod' }) })).toThrow('aws.stge is not a known key');
});
