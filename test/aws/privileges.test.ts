import { Validations } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { deployments } from './deployments.ts';
import { deployedIn, templatesOf, testApp } from './stacks.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

const cases = Object.entries(deployments);
const made = Object.fromEntries(cases.map(([name, config]) => [name, Object.values(templatesOf(config))]));

/** Every policy statement of a template, wherever it stands, with the resource it stands in. */
function statementsOf(template: Template): readonly (readonly [string, Statement])[] {
  const found: (readonly [string, Statement])[] = [];
  const walk = (where: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('Effect' in value) found.push([where, value as Statement]);
    for (const inner of Object.values(value)) walk(where, inner);
  };
  // in a key's policy everything is the key itself, which its account may always manage (KMS, "Default key policy")
  for (const [id, resource] of Object.entries<{ readonly Type: string }>(template.toJSON().Resources))
    if (resource.Type !== 'AWS::KMS::Key') walk(id, resource);
  return found;
}

/** Actions that AWS gives no resource to, or none before they are done (service authorization reference). */
const withoutResource = ['ecr:GetAuthorizationToken'];

describe.each(cases)('%s', (name, config) => {
  const templates = made[name] ?? [];
  const allowed = templates.flatMap(statementsOf).filter(([, { Effect }]) => Effect === 'Allow');

  test('allows no action by a star, and nothing on everything', () => {
    const wide = allowed.filter(([, { Action, Resource }]) => {
      const actions = [Action].flat();
      const everything = [Resource].flat().includes('*') && !actions.every((one) => withoutResource.includes(one));
      return actions.some((one) => one.includes('*')) || everything;
    });

    expect(wide).toEqual([]);
  });

  test('lets in nobody but services of AWS by name', () => {
    const principals = allowed.flatMap(([where, { Principal }]) =>
      Principal === undefined ? [] : [[where, Principal]],
    );

    expect(principals.filter(([, principal]) => !JSON.stringify(principal).startsWith('{"Service":'))).toEqual([]);
  });

  test('opens nothing but its balancer to addresses; all else is by security group', () => {
    const byAddress = templates.flatMap((template) => [
      ...Object.entries(template.findResources('AWS::EC2::SecurityGroup')).flatMap(([id, { Properties }]) =>
        (Properties.SecurityGroupIngress ?? []).map(() => id),
      ),
      ...Object.entries(template.findResources('AWS::EC2::SecurityGroupIngress'))
        .filter(([, { Properties }]) => Properties.SourceSecurityGroupId === undefined)
        .map(([id]) => id),
    ]);

    expect(byAddress.filter((id) => !id.startsWith('Balancer') && !id.startsWith('Vpc'))).toEqual([]);
  });

  test('names no account and no region but those it was given', () => {
    const given = JSON.stringify(config);
    const text = JSON.stringify(templates.map((template) => template.toJSON()));
    const found = text.match(/\b\d{12}\b|\b[a-z]{2}-(?:[a-z]+-)+\d[a-z]?\b/g) ?? [];

    expect(found.filter((one) => !given.includes(one))).toEqual([]);
  });

  test('cdk-nag (AwsSolutions) finds nothing that is not accepted with a reason', () => {
    const app = testApp();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    deployedIn(app, config);

    expect(() => app.synth()).not.toThrow();
  });
});

test('cdk-nag would be heard', () => {
  // CDK prints every finding as it synthesizes
  jest.spyOn(console, 'error').mockImplementation(() => {});
  const app = testApp();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  new Bucket(deployedIn(app, {}).service, 'Bucket');

  expect(() => app.synth()).toThrow();
});
