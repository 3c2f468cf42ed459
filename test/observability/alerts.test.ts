import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { alertRules, alerts } from '../../lib/observability/alerts.ts';
import { definePolicy, metricFacts } from '../../lib/policy/index.ts';
import { exported, strangersIn } from './expressions.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

const policy = definePolicy({ maxStreams: 15_000, connectRatePerSecond: 500, idleSeconds: 90 });
const rulesOf = (text: string): readonly Rule[] => parse(text).groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
const rules = rulesOf(alertRules(policy));
const operations = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

test('the file says what the table says', () => {
  expect(rules.map(({ alert, expr }) => [alert, expr])).toEqual(alerts(policy).map(({ name, expr }) => [name, expr]));
});

test.each(rules)(
  '$alert asks for what the service exports, and says how grave it is and what to read',
  async (rule) => {
    expect(strangersIn(rule.expr, await exported())).toEqual([]);
    expect(['critical', 'warning']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/^\S.{20,}\.$/);
    expect(rule.for).toMatch(/^\d+[sm]$/);

    const [page, anchor] = rule.annotations.runbook_url.split('#');
    expect([page, anchor]).toEqual(['docs/operations.md', rule.alert.toLowerCase()]);
    expect(operations).toContain(`\n### ${rule.alert}\n`);
  },
);

test('every alert has a section that says what it means, where to look and what to do, and no section is left over', () => {
  const sections = operations.split(/^### /m).slice(1);
  const ofAlerts = sections.filter((text) => text.startsWith('Sse'));

  expect(ofAlerts.map((text) => text.split('\n')[0])).toEqual(rules.map(({ alert }) => alert));
  for (const part of ['**Means**', '**Look**', '**Do**'])
    expect(ofAlerts.filter((text) => !text.includes(part)).map((text) => text.split('\n')[0])).toEqual([]);
});

test('the page names every metric and every reason there is', () => {
  const reasons = Object.values(metricFacts).flatMap((facts) => ('reasons' in facts ? facts.reasons : []));

  expect(Object.keys(metricFacts).filter((name) => !operations.includes(`\`${name}`))).toEqual([]);
  expect(reasons.filter((reason) => !operations.includes(`\`${reason}\``))).toEqual([]);
});

test.each([
  ['SseReplicaNearlyFull', '> 12000'],
  ['SseReconnectStorm', '> 400'],
  ['SseStreamsCutShort', '* 90 >'],
  ['SseStreamsUneven', '> 750'],
])('the threshold of %s follows the policy', (name, threshold) => {
  expect(rules.find(({ alert }) => alert === name)?.expr).toContain(threshold);
});

test('the threshold of a quantile is a bound of its histogram, and not the last', () => {
  const threshold = Number(rules.find(({ alert }) => alert === 'SseDeliverySlow')?.expr.split('> ')[1]);

  expect(metricFacts.sse_delivery_latency_seconds.buckets.slice(0, -1)).toContain(threshold);
});
