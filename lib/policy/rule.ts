import type { Fault } from './fault.ts';
import type { Fact, Hop } from './hop.ts';
import type { StreamPolicy } from './stream-policy.ts';

export type Verdict =
  | { readonly verdict: 'holds' }
  | { readonly verdict: 'broken'; readonly faults: readonly Fault[] }
  | { readonly verdict: 'not-applicable'; readonly because: string };

/** A promise that every layer relies on. Ids are public: they appear in errors, in reports and in docs/rules.md. */
interface RuleText {
  readonly id: string;
  /** What happens to streams when the rule is broken. */
  readonly why: string;
  /** Where the formula or its numbers come from. */
  readonly source: string;
  /** The policy fields it reads. */
  readonly fields: readonly (keyof StreamPolicy)[];
}

/** A rule between the policy's own numbers. */
export interface PolicyRule extends RuleText {
  readonly scope: 'policy';
  readonly judge: (policy: StreamPolicy) => Verdict;
}

/** A rule between the policy and what one hop does. */
export interface HopRule extends RuleText {
  readonly scope: 'hop';
  /** Said of hops that have none of the facts it reads. */
  readonly absent: string;
  readonly judge: (policy: StreamPolicy, hop: Hop) => Verdict;
}

export type Rule = PolicyRule | HopRule;

interface PolicyRuleBody extends RuleText {
  readonly broken: (policy: StreamPolicy) => string | false;
}

/** A policy rule from the sentence that says how it is broken. */
export function policyRule({ id, why, source, fields, broken }: PolicyRuleBody): PolicyRule {
  const judge = (policy: StreamPolicy): Verdict => {
    const message = broken(policy);
    return message === false ? { verdict: 'holds' } : { verdict: 'broken', faults: [{ rule: id, fields, message }] };
  };
  return { id, why, source, fields, scope: 'policy', judge };
}

interface HopRuleBody<T> extends RuleText {
  /** The facts this rule reads; none of them known makes the rule not applicable. */
  readonly facts: (hop: Hop) => readonly (Fact<T> | undefined)[] | undefined;
  readonly absent: string;
  /** What the setting has to be instead, or `false` when it is right. */
  readonly broken: (policy: StreamPolicy, value: T) => string | false;
}

/** A hop rule over facts of one kind; the message begins with the hop, the vendor's setting and where it stands. */
export function hopRule<T>({ id, why, source, fields, facts, absent, broken }: HopRuleBody<T>): HopRule {
  const judge = (policy: StreamPolicy, hop: Hop): Verdict => {
    const known = (facts(hop) ?? []).filter((fact) => fact !== undefined);
    if (known.length === 0) return { verdict: 'not-applicable', because: absent };
    const faults = known.flatMap((fact) => {
      const complaint = broken(policy, fact.value);
      const place = fact.at === undefined ? '' : ` at ${fact.at}`;
      return complaint === false
        ? []
        : [{ rule: id, fields, message: `${hop.target}: ${fact.setting}${place} ${complaint}` }];
    });
    return faults.length === 0 ? { verdict: 'holds' } : { verdict: 'broken', faults };
  };
  return { id, why, source, fields, absent, scope: 'hop', judge };
}
