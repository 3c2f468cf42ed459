import type { GrowthKey, MetricName, Results } from './metrics.ts';

/** A bar for the ratio of one figure of ours to another figure of the same run. */
export interface Goal {
  readonly what: string;
  readonly ours: readonly [metric: MetricName | GrowthKey, server: string];
  readonly theirs: readonly [metric: MetricName | GrowthKey, server: string];
  readonly atLeast?: number;
  readonly atMost?: number;
}

const kit = 'sse-kit';
const withJwt = 'sse-kit with jwt';
const raw = 'raw node:http';
const floor = 'C floor';

const against = (
  what: string,
  metric: MetricName,
  bars: readonly Pick<Goal, 'atLeast' | 'atMost'>[],
  peers: readonly string[],
): readonly Goal[] =>
  peers.map((peer, index) => ({ what, ours: [metric, kit], theirs: [metric, peer], ...bars[index] }));

/** The goals, in the order in which the results show them. */
export const goals = (sizes: readonly number[]): readonly Goal[] => [
  ...against('saturated fan-out', 'saturated', [{ atLeast: 40 }, { atLeast: 20 }], [raw, floor]),
  ...against('one event outstanding', 'oneOutstanding', [{ atLeast: 1.4 }, { atLeast: 0.6 }], [raw, floor]),
  ...against('four events outstanding', 'fourOutstanding', [{ atLeast: 5 }, { atLeast: 2.4 }], [raw, floor]),
  ...against(
    'CPU per delivery at 30,000/s',
    'cpu',
    [{ atMost: 0.85 }, { atMost: 0.85 }, { atMost: 1.4 }],
    [raw, 'nchan', floor],
  ),
  ...against('p99 at 30,000/s', 'p99', [{ atMost: 0.75 }], [raw]),
  ...against('memory per idle stream', 'memory', [{ atMost: 0.75 }], [raw]),
  ...against('streams accepted a second', 'accepted', [{ atLeast: 0.85 }], [raw]),
  { what: 'streams accepted a second, with jwt', ours: ['accepted', withJwt], theirs: ['accepted', raw], atLeast: 0.6 },
  { what: 'saturated fan-out, with jwt', ours: ['saturated', withJwt], theirs: ['saturated', raw], atLeast: 40 },
  { what: 'reconnect storm against merely accepting', ours: ['storm', kit], theirs: ['stormAccept', raw], atMost: 1.5 },
  {
    what: 'the same, on a replica without a ring',
    ours: ['stormCold', kit],
    theirs: ['stormAccept', raw],
    atMost: 1.5,
  },
  ...against('channels of ten streams, one event per publish', 'groups', [{ atLeast: 1.5 }], [raw]),
  ...against('channels of ten streams, ten events per publish', 'groupsBatch', [{ atLeast: 1.5 }], [raw]),
  {
    what: 'p99 with 100 stalled readers against without',
    ours: ['stalledP99', kit],
    theirs: ['stalledP99Without', kit],
    atMost: 1.2,
  },
  ...(['oneOutstanding', 'fourOutstanding', 'saturated'] as const).map(
    (metric): Goal => ({
      what: 'on Redis against embedded',
      ours: [metric, 'sse-kit on Redis'],
      theirs: [metric, kit],
      atLeast: 0.8,
    }),
  ),
  ...growthGoal(sizes),
];

/** CPU per delivery with the most streams against that with the fewest. */
function growthGoal(sizes: readonly number[]): readonly Goal[] {
  const [fewest] = sizes;
  const most = sizes.at(-1);
  if (fewest === undefined || most === undefined) return [];
  const what = `CPU per delivery with ${most} streams against ${fewest}`;
  return [{ what, ours: [`growth:cpu:${most}`, kit], theirs: [`growth:cpu:${fewest}`, kit], atMost: 1.3 }];
}

/** Bars that are amounts and no ratios. */
export interface Limit {
  readonly what: string;
  readonly value: (results: Results) => number | undefined;
  readonly atMost: number;
  readonly unit: string;
}

const megabytesFor100Slow = 100;

export const limits: readonly Limit[] = [
  {
    what: 'memory growth with 100 stalled readers among all (100 × slowClientBytes)',
    value: (results) => results.median('stalledGrowth', kit),
    atMost: megabytesFor100Slow,
    unit: 'MB',
  },
  {
    what: 'memory growth with 100 readers beside 100 stalled ones (100 × slowClientBytes)',
    value: (results) => results.median('crowdGrowth', kit),
    atMost: megabytesFor100Slow,
    unit: 'MB',
  },
  {
    what: 'p50 that Redis adds, 100 streams',
    value: (results) => difference(results.median('lightP50', 'sse-kit on Redis'), results.median('lightP50', kit)),
    atMost: 2,
    unit: 'ms',
  },
  {
    what: 'p50 that Redis adds at 30,000/s, all streams',
    value: (results) => difference(results.median('p50', 'sse-kit on Redis'), results.median('p50', kit)),
    atMost: 2,
    unit: 'ms',
  },
];

const difference = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a - b;

export interface Verdict {
  readonly what: string;
  readonly bar: string;
  readonly measured: string;
  readonly met: boolean;
}

/** Every goal that the run has figures for. */
export function judge(results: Results, sizes: readonly number[]): readonly Verdict[] {
  const ratios = goals(sizes).flatMap((goal): Verdict[] => {
    const ours = results.median(...goal.ours);
    const theirs = results.median(...goal.theirs);
    if (ours === undefined || theirs === undefined) return [];
    const ratio = ours / theirs;
    const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = goal;
    const bar = `${goal.atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`} × ${goal.theirs[1]}`;
    return [{ what: goal.what, bar, measured: `${ratio.toFixed(2)} ×`, met: ratio >= atLeast && ratio <= atMost }];
  });
  const amounts = limits.flatMap(({ what, value, atMost, unit }): Verdict[] => {
    const amount = value(results);
    if (amount === undefined) return [];
    return [{ what, bar: `≤ ${atMost} ${unit}`, measured: `${amount.toFixed(1)} ${unit}`, met: amount <= atMost }];
  });
  return [...ratios, ...amounts];
}
