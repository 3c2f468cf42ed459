import { metricFacts } from '../../lib/policy/index.ts';
import { EmbeddedBroker } from '../../service/broker/embedded.ts';
import { createMetrics } from '../../service/metrics.ts';

/** Every series that the service exports, with the labels it has and the values they can have; from its own registry. */
export async function exported(): Promise<ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>> {
  const broker = new EmbeddedBroker({ replaySeconds: 60, replayMaxEvents: 10 });
  const { registry } = createMetrics({ broker, fanout: () => ({ size: 0, delivered: 0 }) });
  const known = new Map<string, Map<string, Set<string>>>();
  for (const [, name = '', , labels = ''] of (await registry.metrics()).matchAll(/^(\w+)(\{(.*)\})? \S+$/gm)) {
    const values = known.get(name) ?? new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g))
      values.set(label, (values.get(label) ?? new Set()).add(value));
    known.set(name, values);
  }
  return known;
}

interface Selector {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

const words = new Set(['sum', 'max', 'avg', 'min', 'by', 'and', 'absent', 'rate', 'increase', 'histogram_quantile']);
words.add('label_values');

/** What a PromQL expression asks for: a rough reading, which no identifier escapes. */
export function selectorsOf(expr: string): readonly Selector[] {
  // windows, quoted values and the labels of "by (…)" and of label_values(…, label) are no metrics
  const bare = expr
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\bby \([^)]*\)/g, '')
    .replaceAll(/, *\w+\)$/g, ')');
  return [...bare.matchAll(/([a-z_][a-z0-9_]*)(?:\{([^}]*)\})?/gi)]
    .filter(([, name = '', matchers], index, all) => {
      const inBraces = all.some((other) => other[2] !== undefined && other !== all[index] && within(other, all[index]));
      return !inBraces && (matchers !== undefined || !words.has(name));
    })
    .map(([, name = '', matchers = '']) => ({
      name,
      matchers: [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]*)"/g)].map(([, label = '', values = '']) => ({
        label,
        values: values.split('|'),
      })),
    }));
}

function within(outer: RegExpMatchArray, inner: RegExpMatchArray | undefined): boolean {
  const [from, at] = [outer.index ?? 0, inner?.index ?? 0];
  return at > from && at < from + outer[0].length;
}

/** Labels that Prometheus adds when it scrapes. */
const added = ['instance', 'job'];

/** What an expression asks for and the service does not export. */
export function strangersIn(expr: string, known: Awaited<ReturnType<typeof exported>>): readonly string[] {
  return selectorsOf(expr).flatMap(({ name, matchers }) => {
    const labels = known.get(name);
    if (labels === undefined) return [name];
    return matchers.flatMap(({ label, values }) => {
      if (added.includes(label)) return [];
      return values.filter((value) => !labels.get(label)?.has(value)).map((value) => `${name}{${label}="${value}"}`);
    });
  });
}

/** Metrics of the service's own that none of the expressions looks at. */
export function unseenBy(expressions: readonly string[]): readonly string[] {
  const seen = new Set(expressions.flatMap(selectorsOf).map(({ name }) => name.replace(/_bucket$/, '')));
  return Object.keys(metricFacts).filter((name) => !seen.has(name));
}
