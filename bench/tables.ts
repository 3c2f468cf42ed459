import { judge, type Verdict } from './goals.ts';
import { describe, type Results } from './metrics.ts';

/** Cells as a Markdown table, padded so that it also reads well in a terminal. */
export function table(rows: readonly (readonly string[])[]): string {
  const [first = []] = rows;
  const widths = first.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`,
  );
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

export const format = (value: number | undefined, digits = 0): string =>
  value === undefined
    ? '–'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** One table per metric: a row for each server, with what ours is in proportion. */
export function metricTables(results: Results): string {
  return results.metrics
    .filter((metric) => !metric.startsWith('growth:'))
    .map((metric) => `### ${describe(metric).title} (${describe(metric).unit})\n\n${metricTable(results, metric)}`)
    .join('\n\n');
}

function metricTable(results: Results, metric: string): string {
  const { digits } = describe(metric);
  const ours = results.spread(metric, 'sse-kit')?.median;
  const rows = results.servers(metric).map((server) => {
    const spread = results.spread(metric, server);
    const ratio = ours === undefined || spread === undefined ? undefined : ours / spread.median;
    return [
      server,
      format(spread?.min, digits),
      format(spread?.median, digits),
      format(spread?.max, digits),
      String(spread?.runs ?? 0),
      format(ratio, 2),
    ];
  });
  return table([['', 'min', 'median', 'max', 'runs', 'sse-kit ÷ this'], ...rows]);
}

export function goalTable(results: Results, sizes: readonly number[]): string {
  const verdicts = judge(results, sizes);
  if (verdicts.length === 0) return 'No goal has all the figures it needs in this run.';
  return table([['goal', 'bar', 'measured', 'verdict'], ...verdicts.map(verdictRow)]);
}

const verdictRow = ({ what, bar, measured, met }: Verdict): readonly string[] => [
  what,
  bar,
  measured,
  met ? 'met' : 'missed',
];
