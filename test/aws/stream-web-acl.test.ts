import { Template } from 'aws-cdk-lib/assertions';
import { rateWindowSeconds, reconnectLimit } from '../../lib/aws/reconnect-rate.ts';
import { definePolicy, retryBoundsMs } from '../../lib/policy/index.ts';
import { only, stacks } from './stacks.ts';

const templateOf = (service: object = {}) =>
  Template.fromStack(stacks({ service: { webAcl: 'block', ...service } }).service);
const template = templateOf();
const rulesOf = (from: Template) =>
  Object.fromEntries(
    only(from, 'AWS::WAFv2::WebACL').Rules.map((rule: { readonly Name: string }) => [rule.Name, rule] as const),
  );

test('the rate rule lets a whole office come back, over and over, as fast as the policy lets it', () => {
  const policy = definePolicy({ maxStreamsPerUser: 4, retryMs: 2000, retryJitter: 0.5 });
  const { least } = retryBoundsMs(policy);
  const storm = 50 * 4 * Math.ceil((rateWindowSeconds * 1000) / least);

  // each attempt with a ticket of its own
  expect(reconnectLimit(policy, 50)).toBe(2 * storm);
  expect(rulesOf(template).Flood.Statement.RateBasedStatement).toEqual({
    AggregateKeyType: 'IP',
    EvaluationWindowSec: 300,
    Limit: reconnectLimit(definePolicy(), 200),
  });
});

test('fails where the storm that the policy allows is more than a rule can count', () => {
  const policy = definePolicy({ maxStreamsPerUser: 118, retryMs: 1000, retryJitter: 0.5 });

  expect(() => reconnectLimit(policy, 100_000)).toThrow(/usersPerAddress \(100000\) .* lower usersPerAddress to 14124/);
});

test('behind a CDN it counts the address that the CDN tells, not that of the CDN', () => {
  expect(rulesOf(templateOf({ behindCdn: true })).Flood.Statement.RateBasedStatement).toMatchObject({
    AggregateKeyType: 'FORWARDED_IP',
    ForwardedIPConfig: { HeaderName: 'X-Forwarded-For', FallbackBehavior: 'NO_MATCH' },
  });
});

test('rules that find fault with channels, events and publishers are counted, never obeyed', () => {
  const { RuleActionOverrides } = rulesOf(template).AWSManagedRulesCommonRuleSet.Statement.ManagedRuleGroupStatement;

  expect(RuleActionOverrides.map(({ Name }: { Name: string }) => Name)).toEqual([
    'SizeRestrictions_BODY',
    'SizeRestrictions_QUERYSTRING',
    'NoUserAgent_HEADER',
    'CrossSiteScripting_BODY',
    'GenericLFI_BODY',
    'GenericRFI_BODY',
    'EC2MetaDataSSRF_BODY',
    'RestrictedExtensions_URIPATH',
    'RestrictedExtensions_QUERYARGUMENTS',
  ]);
  for (const { ActionToUse } of RuleActionOverrides) expect(ActionToUse).toEqual({ Count: {} });
});

test('refuses with a status that programs understand, or counts', () => {
  const actionsOf = (from: Template) =>
    Object.values(rulesOf(from)).map((rule) => {
      const { OverrideAction, Action } = rule as { OverrideAction?: object; Action?: object };
      return Object.keys(OverrideAction ?? Action ?? {});
    });

  expect(rulesOf(template).Flood.Action.Block.CustomResponse).toMatchObject({ ResponseCode: 429 });
  expect(actionsOf(template)).toEqual([['None'], ['None'], ['None'], ['Block']]);
  expect(actionsOf(templateOf({ webAcl: 'count' }))).toEqual([['Count'], ['Count'], ['Count'], ['Count']]);
});

test('stands in front of the balancer, or there is none', () => {
  expect(JSON.stringify(only(template, 'AWS::WAFv2::WebACLAssociation').ResourceArn)).toContain('Balancer');
  templateOf({ webAcl: 'none' }).resourceCountIs('AWS::WAFv2::WebACL', 0);
});

test('writes down what it found without what could be used to get in', () => {
  const { RedactedFields, LoggingFilter } = only(template, 'AWS::WAFv2::LoggingConfiguration');

  expect(RedactedFields).toEqual([
    { QueryString: {} },
    { SingleHeader: { Name: 'authorization' } },
    { SingleHeader: { Name: 'cookie' } },
  ]);
  expect(LoggingFilter.DefaultBehavior).toBe('DROP');
  expect(JSON.stringify(template.toJSON())).not.toContain('"SampledRequestsEnabled":true');
  const names = Object.values(template.findResources('AWS::Logs::LogGroup')).map(
    ({ Properties }) => Properties.LogGroupName,
  );
  expect(names).toContainEqual(expect.stringMatching(/^aws-waf-logs-/));
});
