import type { KitConfig } from '../config/load.ts';
import { targetsInUse } from '../config/targets-in-use.ts';
import { type Hop, hopRules, policyRules, type StreamPolicy, type Verdict } from '../policy/index.ts';
import type { AnyTarget } from '../targets/index.ts';
import { type AddCommand, type Outcome, status } from './command.ts';
import { cellsOf, factsOf } from './facts.ts';
import { table } from './table.ts';

/** One rule judged at one place. */
interface Judgement {
  readonly id: string;
  readonly scope: 'policy' | 'limit' | 'hop';
  /** The hop it was judged at; the policy's own rules have none. */
  readonly hop?: string;
  readonly verdict: Verdict;
}

export const addCheck: AddCommand = (program, act) => {
  program
    .command('check')
    .description("every hop's numbers in one table, and the rules judged")
    .action(() => act(({ config }) => check(config())));
};

/** Judges every rule for the targets that a configuration is meant for. */
export function check(config: KitConfig): Outcome {
  const targets = targetsInUse(config);
  return report(
    config.policy,
    targets.map((target) => target.hop(config.policy)),
    targets,
  );
}

/** The report for any hops, ours or not. */
export function report(policy: StreamPolicy, hops: readonly Hop[], targets: readonly AnyTarget[] = []): Outcome {
  const judgements = judge(policy, hops, targets);
  const rules = new Map(judgements.map(({ id }) => [id, judgements.filter((one) => one.id === id)]));
  const count = { holds: 0, broken: 0, 'not-applicable': 0 };
  for (const each of rules.values()) count[overall(each)]++;
  const summary = `${count.holds} rules hold, ${count.broken} broken, ${count['not-applicable']} not applicable to any hop in use`;
  return {
    text: [hopTable(hops), ruleTable(rules), `${summary}\n`].join('\n'),
    data: {
      policy,
      hops: hops.map((hop) => ({ hop: hop.target, facts: factsOf(hop) })),
      rules: judgements.map(({ verdict, ...rest }) => ({ ...rest, ...verdict })),
      summary: { holds: count.holds, broken: count.broken, notApplicable: count['not-applicable'] },
    },
    status: count.broken === 0 ? status.fine : status.findings,
  };
}

function judge(policy: StreamPolicy, hops: readonly Hop[], targets: readonly AnyTarget[]): readonly Judgement[] {
  return [
    ...policyRules.map(({ id, judge }) => ({ id, scope: 'policy' as const, verdict: judge(policy) })),
    ...targets.flatMap((target) =>
      target.limits.map(({ id, judge }) => ({ id, scope: 'limit' as const, hop: target.id, verdict: judge(policy) })),
    ),
    ...hopRules.flatMap(({ id, judge }) =>
      hops.map((hop) => ({ id, scope: 'hop' as const, hop: hop.target, verdict: judge(policy, hop) })),
    ),
  ];
}

/** A rule is broken when it is broken anywhere, and not applicable when it is so everywhere. */
function overall(judgements: readonly Judgement[]): Verdict['verdict'] {
  const verdicts = judgements.map(({ verdict }) => verdict.verdict);
  if (verdicts.includes('broken')) return 'broken';
  return verdicts.includes('holds') ? 'holds' : 'not-applicable';
}

function hopTable(hops: readonly Hop[]): string {
  const rows = hops.flatMap((hop) => factsOf(hop).map((fact) => [hop.target, ...cellsOf(fact)]));
  return table(['hop', 'what', 'value', 'setting'], rows);
}

function ruleTable(rules: ReadonlyMap<string, readonly Judgement[]>): string {
  const rows = [...rules].flatMap(([id, judgements]) => {
    const verdict = overall(judgements);
    const first = [id, verdict.replace('-', ' '), where(judgements, verdict)];
    return [first, ...messages(judgements).map((message) => ['', '', message])];
  });
  return table(['rule', 'verdict', 'where, or why not'], rows);
}

/** The hops a rule was judged at; where it applies to none, the reason. */
function where(judgements: readonly Judgement[], verdict: Verdict['verdict']): string {
  const [first] = judgements;
  if (first?.verdict.verdict === 'not-applicable' && verdict === 'not-applicable') return first.verdict.because;
  if (first?.scope === 'policy') return 'policy';
  return judgements
    .filter((judgement) => judgement.verdict.verdict === verdict)
    .map(({ hop }) => hop)
    .join(', ');
}

const messages = (judgements: readonly Judgement[]): readonly string[] =>
  judgements.flatMap(({ verdict }) =>
    verdict.verdict === 'broken' ? verdict.faults.map((fault) => fault.message) : [],
  );
