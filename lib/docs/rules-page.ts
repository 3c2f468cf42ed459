import { type HopRule, hopRules, type PolicyRule, policyRules, type Rule, type Verdict } from '../policy/index.ts';
import { targets, type VendorCheck, vendorChecks } from '../targets/index.ts';
import { brokenHops, brokenLimits, brokenPolicies, withDefaults } from './broken-examples.ts';

/** docs/rules.md: every id that an error can carry, with the reason behind it and what it says when it is broken. */
export function rulesPage(): string {
  return `${[
    head,
    ...section('Values and files', valuesIntro, valueRules.map(valueEntry)),
    ...section('Between the numbers of the policy', policyIntro, policyRules.map(policyEntry(brokenPolicies))),
    ...section('Between the policy and each hop', hopIntro, hopRules.map(hopEntry)),
    ...targets
      .filter(({ limits }) => limits.length > 0)
      .flatMap(({ title, limits }) =>
        section(`Limits of ${title}`, limitsIntro, limits.map(policyEntry(brokenLimits))),
      ),
    ...section('What AWS refuses', vendorIntro, vendorChecks.map(vendorEntry)),
  ].join('\n\n')}\n`;
}

const head = `# Rules

<!-- Rendered by \`npm run render\` from lib/policy and lib/targets. Change the rules there, not this page. -->

Every fault that sse-kit reports ends with the id of the rule it breaks, in brackets. Ids are public and stay. Each
example below is the message that the default policy with one number changed, or one foreign setting, brings.`;

const valuesIntro = 'A value has to be of the right kind before any rule looks at it.';
const policyIntro = 'Judged wherever a policy is made: by `definePolicy`, by the CLI, by the service when it starts.';
const hopIntro =
  'Judged for each hop by `sse-kit check`. A hop without the fact that a rule is about makes the rule not applicable there.';
const limitsIntro = 'What this target cannot express. Judged when it is in use; nothing is clamped.';

const vendorIntro = `Judged in synthesized templates by \`StreamPolicyChecks\`, together with the rules above; accepted by
\`Validations.of(construct).acknowledge({ id: 'sse-kit::…', reason })\`. AWS itself speaks up in the middle of a deployment.`;

interface ValueRule {
  readonly id: string;
  readonly why: string;
}

const valueRules: readonly ValueRule[] = [
  { id: 'policy-field', why: 'a policy field is unknown, of the wrong type, or out of its range' },
  { id: 'policy-json', why: 'the environment variable `SSE_POLICY` is not JSON' },
  { id: 'environment', why: 'another environment variable of the service is wrong' },
  { id: 'config', why: 'a key of the configuration file is unknown, or its value is of the wrong kind' },
  {
    id: 'elasticache-store',
    why: 'an engine, a version, a node type or a number of replicas that ElastiCache refuses or the service cannot use',
  },
  { id: 'config-json', why: 'the configuration file cannot be read, or is not JSON' },
  {
    id: 'known-at-synth',
    why: 'only the deployment will know a value of a template (a parameter, an import): nothing that depends on it was judged',
  },
];

const section = (title: string, intro: string, entries: readonly string[]): readonly string[] => [
  `## ${title}`,
  intro,
  ...entries,
];

const valueEntry = ({ id, why }: ValueRule): string => entryOf(id, [why.charAt(0).toUpperCase() + why.slice(1)]);

const policyEntry =
  (examples: typeof brokenPolicies) =>
  (rule: PolicyRule): string =>
    ruleEntry(rule, rule.judge(withDefaults(examples[rule.id])));

const hopEntry = (rule: HopRule): string =>
  ruleEntry(rule, rule.judge(withDefaults(), brokenHops[rule.id] ?? { target: 'none' }), [
    `Not applicable: ${rule.absent}`,
  ]);

function ruleEntry({ id, why, source, fields }: Rule, verdict: Verdict, more: readonly string[] = []): string {
  const said = verdict.verdict === 'broken' ? verdict.faults.map(({ message }) => `\`${message}\``) : [];
  return entryOf(id, [
    `Why: ${why}`,
    ...(fields.length > 0 ? [`Fields: ${fields.map((field) => `\`${field}\``).join(', ')}`] : []),
    ...said.map((message) => `Says: ${message}`),
    ...more,
    `Source: ${source}`,
  ]);
}

function vendorEntry({ id, why, source, on, example, judge }: VendorCheck): string {
  return entryOf(id, [
    `Why: ${why}`,
    `On: \`${on}\``,
    ...judge(example).map(({ message }) => `Says: \`${message}\``),
    `Source: ${source}`,
  ]);
}

function entryOf(id: string, points: readonly string[]): string {
  return `### ${id}\n\n${points.map((point) => `- ${point}`).join('\n')}`;
}
