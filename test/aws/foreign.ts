import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { StreamPolicyChecks, type StreamPolicyChecksProps } from '../../lib/aws/stream-policy-checks.ts';
import { definePolicy, type StreamPolicy } from '../../lib/policy/index.ts';

/** An app that knows nothing of the kit, but for the one line. */
export function foreignApp(policy: Partial<StreamPolicy> = {}, props: StreamPolicyChecksProps = {}) {
  const app = new App({ builtinCloudFormationValidation: false });
  Validations.of(app).addPlugins(new StreamPolicyChecks(definePolicy(policy), props));
  return { app, stack: new Stack(app, 'Shop') };
}

export interface Said {
  readonly rule: string;
  readonly severity: string;
  readonly says: string;
  readonly at: string;
  readonly where: string;
}

/** What the plugin says of the app, as CDK hands it on: acknowledged findings are gone, constructs have their paths. */
export function findingsOf(app: App): readonly Said[] {
  const said: Said[] = [];
  // the report, which CDK prints too
  const printed = jest.spyOn(console, 'error').mockImplementation();
  const fails = (() => {
    try {
      app.synth();
      return false;
    } catch (error) {
      if (!String(error).includes('Acknowledge with')) throw error;
      return true;
    }
  })();
  printed.mockRestore();
  const report = readReport(app);
  for (const { violations = [] } of report)
    for (const { ruleName, severity, description, violatingConstructs } of violations)
      for (const { constructPath, cloudFormationResource } of violatingConstructs)
        said.push({
          rule: ruleName,
          severity,
          says: description,
          at: constructPath,
          where: (cloudFormationResource?.propertyPaths ?? []).join(),
        });
  // synth fails if and only if one of them is an error
  expect(fails).toBe(said.some(({ severity }) => severity === 'error'));
  return said;
}

interface Report {
  readonly violations?: readonly {
    readonly ruleName: string;
    readonly severity: string;
    readonly description: string;
    readonly violatingConstructs: readonly {
      readonly constructPath: string;
      readonly cloudFormationResource?: { readonly propertyPaths?: readonly string[] };
    }[];
  }[];
}

function readReport(app: App): readonly Report[] {
  const path = join(app.outdir, 'validation-report.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).pluginReports : [];
}
