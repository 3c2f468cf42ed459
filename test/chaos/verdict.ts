import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Violation } from './reconcile.ts';
import type { Publish, StreamRecord } from './record.ts';
import type { Outcome } from './run.ts';

export const isSound = ({ violations, failures }: Outcome): boolean => violations.length + failures.length === 0;

/** The figures of a run, in one line. */
export function figuresOf({ records, publishes, faults, violations, failures }: Outcome): string {
  const entries = records.flatMap((record) => record.entries);
  const count = (kind: string): number => entries.filter((entry) => entry.kind === kind).length;
  const accepted = publishes.filter(({ id }) => id !== undefined).length;
  const reopened = entries.filter((entry) => entry.kind === 'note' && entry.what.startsWith('opened')).length;
  return [
    `${faults} faults`,
    `${records.length} streams (opened ${reopened} times)`,
    `${publishes.length} events sent, ${accepted} accepted (none for ${seconds(longestPauseMs(publishes))} at most), ${count('event')} delivered`,
    `${count('gap')} gaps`,
    `${violations.length} violations, ${failures.length} failures`,
  ].join(', ');
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** How long nothing was accepted at a stretch: faults of the store explain some, and a service that hangs the rest. */
function longestPauseMs(publishes: readonly Publish[]): number {
  const times = publishes.flatMap(({ id, answeredAt }) => (id === undefined ? [] : [answeredAt])).sort((a, b) => a - b);
  return times.slice(1).reduce((longest, at, before) => Math.max(longest, at - (times[before] ?? at)), 0);
}

export const sentenceOf = ({ kind, stream, channel, number, index, detail }: Violation): string =>
  `${kind}: ${stream} ${channel} event ${number}, at entry ${index}: ${detail}`;

/** Violations to be studied; more of a kind say nothing new. */
const studied = 20;
const around = 12;

/** Writes what the streams around each violation met, and returns the file's path. */
export function writeStudy(folder: string, name: string, outcome: Outcome): string {
  const { violations, failures, records, publishes } = outcome;
  const text = [
    figuresOf(outcome),
    ...failures,
    ...violations.slice(0, studied).map((violation) => study(violation, records, publishes)),
  ];
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.txt`);
  writeFileSync(path, `${text.join('\n\n')}\n`);
  return path;
}

/** The violation, its publish, and the entries of its channel and of no channel around it. */
function study(violation: Violation, records: readonly StreamRecord[], publishes: readonly Publish[]): string {
  const { stream, channel, index } = violation;
  const entries = records.find(({ name }) => name === stream)?.entries ?? [];
  const near = entries.map((entry, place) => ({ place, ...entry })).slice(Math.max(0, index - around), index + around);
  const before = entries
    .map((entry, place) => ({ place, ...entry }))
    .slice(0, Math.max(0, index - around))
    .filter((entry) => entry.kind !== 'event' || entry.channel === channel)
    .slice(-around);
  return [
    sentenceOf(violation),
    `published: ${JSON.stringify(publishes.find(({ number }) => number === violation.number))}`,
    ...[...before, ...near].map((entry) => `  ${JSON.stringify(entry)}`),
  ].join('\n');
}
