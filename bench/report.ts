import { extrapolation, growthTable } from './extrapolation.ts';
import type { Results } from './metrics.ts';
import { goalTable, metricTables } from './tables.ts';

export interface Setting {
  readonly date: string;
  readonly machine: readonly string[];
  readonly scale: string;
  readonly scenarios: readonly { readonly name: string; readonly about: string }[];
  readonly sizes: readonly number[];
  /** Processor time that others took while the bench ran, as a share of the machine's. */
  readonly foreignShare: number;
  readonly minutes: number;
}

export interface ProfileSection {
  readonly what: string;
  readonly table: string;
}

/** The whole of RESULTS.md. */
export function report(results: Results, setting: Setting, profiles: readonly ProfileSection[]): string {
  const growth = results.metrics.some((metric) => metric.startsWith('growth:'));
  const million = extrapolation(results, setting.sizes);
  return [
    '# Benchmark results',
    opening(setting),
    '## Goals',
    'Ratios of medians taken in this run. A run in which a stream lost, repeated or reordered an event, or was cut, has no figures and is listed under failed runs.',
    goalTable(results, setting.sizes),
    ...failedRuns(results),
    ...results.notes.map((note) => `- ${note}`),
    '## Figures',
    metricTables(results),
    ...(growth ? ['## Growth', growthTable(results, setting.sizes)] : []),
    ...(million === undefined ? [] : ['## A million streams', million]),
    ...(profiles.length === 0
      ? []
      : ['## Where the time goes', ...profiles.map(({ what, table }) => `### ${what}\n\n${table}`)]),
    '',
  ].join('\n\n');
}

function opening({ date, machine, scale, scenarios, foreignShare, minutes }: Setting): string {
  return [
    `Written by \`npm run bench\` on ${date}; ${scale}; ${minutes.toFixed(0)} minutes. Absolute figures move with the machine: compare ratios of one run only.`,
    '',
    ...machine.map((line) => `- ${line}`),
    `- other programs took ${(100 * foreignShare).toFixed(0)} % of the machine's processor time meanwhile`,
    '',
    'Scenarios:',
    '',
    ...scenarios.map(({ name, about }) => `- ${name}: ${about}`),
  ].join('\n');
}

function failedRuns({ failures }: Results): readonly string[] {
  if (failures.length === 0) return ['No run failed: every stream of every run got every event once and in order.'];
  return [
    '### Failed runs',
    failures.map(({ server, scenario, message }) => `- ${scenario}, ${server}: ${message}`).join('\n'),
  ];
}
