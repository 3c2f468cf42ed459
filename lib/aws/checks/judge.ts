import { type Fact, type Fault, type Hop, hopRules, type StreamPolicy } from '../../policy/index.ts';
import { vendorChecks } from '../../targets/index.ts';
import { locationOf, type Reading } from './reading.ts';

export type Severity = 'error' | 'warning' | 'info';

/** One thing that is wrong with a resource, or could not be judged. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
  readonly severity: Severity;
  /** Path inside the resource: `Properties.LoadBalancerAttributes`. */
  readonly location: string;
}

/** Said where only the deployment will know a value. */
export const unknownRule = 'known-at-synth';

/** What is worth knowing and no reason to stop a deployment. */
const warnings: readonly string[] = [
  // an ALB has no other access log than one with the query string, and auditors ask for it (cdk-nag ELB2)
  'tokens-stay-out-of-logs',
  ...vendorChecks.map(({ id }) => id).filter((id) => id.endsWith('-unlisted')),
];

export function judge(policy: StreamPolicy, type: string, reading: Reading): readonly Finding[] {
  const { values, unresolved, hop, target, faults = [] } = reading;
  const vendor = vendorChecks
    .filter(({ on }) => on === type)
    .flatMap((check) => check.judge(values))
    .filter(({ fields }) => !fields.some((key) => unresolved.includes(key)));
  const rules =
    hop === undefined ? [] : hopRules.flatMap((rule) => faultsOf(rule.judge(policy, without(unresolved, hop))));
  const limits = target?.limitFaults(policy) ?? [];
  return [
    ...[...vendor, ...faults].map((fault) => finding(reading, fault, fault.fields[0])),
    ...[...rules, ...limits].map((fault) => finding(reading, fault, keyIn(fault.message, reading))),
    ...unresolved.map((key) => unknown(reading, key)),
  ];
}

const faultsOf = (verdict: { readonly verdict: string; readonly faults?: readonly Fault[] }): readonly Fault[] =>
  verdict.faults ?? [];

const finding = (reading: Reading, { rule, message }: Fault, key: string | undefined): Finding => ({
  rule,
  message,
  severity: warnings.includes(rule) ? 'warning' : 'error',
  location: locationOf(reading, key),
});

const unknown = (reading: Reading, key: string): Finding => ({
  rule: unknownRule,
  message: `${key} is known at deployment only; what depends on it was not judged`,
  severity: 'info',
  location: locationOf(reading, key),
});

/** The message of a rule names the setting; its key is the one that the template has to be changed at. */
const keyIn = (message: string, { values }: Reading): string | undefined =>
  Object.keys(values).find((key) => message.toLowerCase().includes(key.toLowerCase()));

type AnyFact = Fact<unknown>;

/** The hop less what is only there because a value could not be read: every fact names the setting it comes from. */
function without(unresolved: readonly string[], { target, ...facts }: Hop): Hop {
  const stays = ({ setting }: AnyFact): boolean => !unresolved.some((key) => setting.includes(key));
  const left = Object.entries<AnyFact | readonly AnyFact[]>(facts)
    .map(([name, fact]) => [name, isList(fact) ? fact.filter(stays) : fact] as const)
    .filter(([, fact]) => isList(fact) || stays(fact));
  return { target, ...Object.fromEntries(left) };
}

const isList = (fact: AnyFact | readonly AnyFact[]): fact is readonly AnyFact[] => Array.isArray(fact);
