/** Everything that is measured: what it is called in the tables, and in which unit. */
export interface Metric {
  readonly title: string;
  readonly unit: string;
  /** Digits after the point. @default 0 */
  readonly digits?: number;
}

export const metrics = {
  oneOutstanding: { title: 'deliveries/s, one event outstanding', unit: '/s' },
  fourOutstanding: { title: 'deliveries/s, four events outstanding', unit: '/s' },
  saturated: { title: 'deliveries/s, saturated', unit: '/s' },
  loadBusy: { title: 'how busy the load itself was meanwhile (near 100 it was the limit, not the server)', unit: '%' },
  cpu: { title: 'server CPU per million deliveries, at 30,000 deliveries/s', unit: 's', digits: 2 },
  p50: { title: 'publish to receive at 30,000 deliveries/s, p50', unit: 'ms', digits: 1 },
  p99: { title: 'publish to receive at 30,000 deliveries/s, p99', unit: 'ms', digits: 1 },
  lightP50: { title: 'publish to receive with 100 streams and 100 events/s, p50', unit: 'ms', digits: 2 },
  accepted: { title: 'streams accepted a second', unit: '/s' },
  memory: { title: 'resident memory per idle stream', unit: 'KB', digits: 1 },
  storm: { title: 'storm: all streams back with 100 missed events each, from the ring', unit: 's', digits: 2 },
  stormCold: { title: 'storm: the same, on a replica without a ring for them', unit: 's', digits: 2 },
  stormAccept: { title: 'storm: merely to accept them', unit: 's', digits: 2 },
  replayRing: { title: 'events replayed a second, from the ring', unit: '/s' },
  replayHistory: { title: 'events replayed a second, from the history', unit: '/s' },
  groups: { title: 'deliveries/s, channels of ten streams, one event per publish', unit: '/s' },
  groupsBatch: { title: 'deliveries/s, channels of ten streams, ten events per publish', unit: '/s' },
  stalledP99Without: { title: 'p99 at full rate, everybody reading', unit: 'ms', digits: 1 },
  stalledP99: { title: 'p99 at full rate, 100 streams not reading', unit: 'ms', digits: 1 },
  stalledRatio: { title: 'p99 with 100 streams not reading ÷ without, within a run', unit: '×', digits: 2 },
  stalledGrowth: { title: 'memory growth at full rate, 100 streams not reading', unit: 'MB', digits: 1 },
  crowdRate: { title: 'deliveries/s to 100 readers beside 100 streams not reading', unit: '/s' },
  crowdClosed: { title: 'of 100 streams not reading, closed as slow', unit: '' },
  crowdGrowth: { title: 'memory growth, 100 readers beside 100 streams not reading', unit: 'MB', digits: 1 },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;

/** The name under which a metric is kept for one number of streams. */
export type GrowthKey = `growth:${'cpu' | 'four' | 'memory' | 'accepted'}:${number}`;

export const describe = (name: string): Metric =>
  (metrics as Record<string, Metric>)[name] ?? { title: name, unit: '' };

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly runs: number;
}

/** All samples of one invocation, and what went wrong. */
export class Results {
  readonly #samples = new Map<string, Map<string, number[]>>();
  readonly failures: { readonly server: string; readonly scenario: string; readonly message: string }[] = [];
  readonly notes: string[] = [];

  add(metric: MetricName | GrowthKey, server: string, value: number): void {
    const servers = this.#samples.get(metric) ?? new Map<string, number[]>();
    this.#samples.set(metric, servers);
    servers.set(server, [...(servers.get(server) ?? []), value]);
  }

  get metrics(): readonly string[] {
    return [...this.#samples.keys()];
  }

  servers(metric: string): readonly string[] {
    return [...(this.#samples.get(metric)?.keys() ?? [])];
  }

  spread(metric: MetricName | GrowthKey | string, server: string): Spread | undefined {
    const values = [...(this.#samples.get(metric)?.get(server) ?? [])].sort((a, b) => a - b);
    const [min] = values;
    const max = values.at(-1);
    if (min === undefined || max === undefined) return undefined;
    const middle = values.length / 2;
    const median = ((values[Math.ceil(middle) - 1] ?? min) + (values[Math.floor(middle)] ?? min)) / 2;
    return { min, median, max, runs: values.length };
  }

  median(metric: MetricName | GrowthKey, server: string): number | undefined {
    return this.spread(metric, server)?.median;
  }
}
