import { readFileSync } from 'node:fs';
import cli from 'aws-cdk/package.json' with { type: 'json' };
import { featureFlags } from '../../lib/aws/feature-flags.ts';

const cdkJson = JSON.parse(readFileSync('cdk.json', 'utf8'));

test('cdk.json carries the feature flags that the constructs are tested with', () => {
  const { 'cli-telemetry': _, ...flags } = cdkJson.context;

  expect(flags).toEqual(featureFlags);
});

test('the cdk command works offline: no notices, no telemetry, no version report', () => {
  const { notices, versionReporting, context } = cdkJson;

  expect([notices, versionReporting, context['cli-telemetry']]).toEqual([false, false, false]);
});

test('the cdk command is of major version 2: 3.0.0 is an older line that cannot read what aws-cdk-lib writes', () => {
  expect(cli.version).toMatch(/^2\./);
});
