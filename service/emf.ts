import cluster from 'node:cluster';
import type { FastifyInstance } from 'fastify';
import { AggregatorRegistry } from 'prom-client';
import {
  cloudWatchDimensions,
  cloudWatchIntervalSeconds,
  cloudWatchMetric,
  cloudWatchNamespace,
  type MetricName,
  metricFacts,
} from '../lib/policy/index.ts';
import type { MetricsJson } from './metrics.ts';
import type { Service } from './service.ts';

/** What has been counted so far, by series: CloudWatch wants to know what came on top. */
export type Counted = ReadonlyMap<string, number>;

/** One value of one metric; those of metrics with reasons have one. */
interface Told {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly reason: string | undefined;
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly metricName?: string;
}

const names = Object.keys(metricFacts) as MetricName[];

/**
 * The service's metrics as lines in CloudWatch's embedded metric format, from which CloudWatch makes metrics as it takes in
 * the log: one line for all that have no reason, and one for each reason.
 */
export function emfLines(service: string, metrics: MetricsJson, before: Counted, now: number): readonly string[] {
  const told = names.flatMap((name) => toldOf(name, samplesOf(metrics, name), before));
  const reasons = [...new Set(told.map(({ reason }) => reason))];
  return reasons.map((reason) =>
    line(
      service,
      reason,
      told.filter((one) => one.reason === reason),
      now,
    ),
  );
}

/** docs: CloudWatch user guide, "Specification: Embedded metric format". */
function line(service: string, reason: string | undefined, told: readonly Told[], now: number): string {
  const dimensions = {
    [cloudWatchDimensions.service]: service,
    ...(reason !== undefined && { [cloudWatchDimensions.reason]: reason }),
  };
  const directive = {
    Namespace: cloudWatchNamespace,
    Dimensions: [Object.keys(dimensions)],
    Metrics: told.map(({ name, unit }) => ({ Name: name, Unit: unit })),
  };
  const values = Object.fromEntries(told.map(({ name, value }) => [name, value]));
  return JSON.stringify({ _aws: { Timestamp: now, CloudWatchMetrics: [directive] }, ...dimensions, ...values });
}

function toldOf(metric: MetricName, samples: readonly Sample[], before: Counted): readonly Told[] {
  const { name, unit, tells } = cloudWatchMetric(metric);
  if (tells === 'p99') {
    const value = p99(samples, before);
    return value === undefined ? [] : [{ name, unit, value, reason: undefined }];
  }
  return samples.map((sample) => {
    const reason = sample.labels.reason === undefined ? undefined : String(sample.labels.reason);
    return { name, unit, reason, value: tells === 'increase' ? increase(sample, metric, before) : sample.value };
  });
}

/** A counter that is lower than before has begun anew, with a process that replaced another. */
function increase(sample: Sample, metric: string, before: Counted): number {
  const earlier = before.get(seriesOf(sample, metric)) ?? 0;
  return sample.value >= earlier ? sample.value - earlier : sample.value;
}

/** Within its bucket, as Prometheus does it; above the last bound that bound. Nothing observed, nothing told. */
function p99(samples: readonly Sample[], before: Counted): number | undefined {
  const buckets = samples
    .filter(({ metricName = '' }) => metricName.endsWith('_bucket'))
    .map((sample) => ({ upTo: Number(sample.labels.le), count: increase(sample, '', before) }))
    .sort((a, b) => a.upTo - b.upTo);
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = 0.99 * total;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const below = buckets[index - 1] ?? { upTo: 0, count: 0 };
  const { upTo, count } = buckets[index] as (typeof buckets)[number];
  if (!Number.isFinite(upTo)) return below.upTo;
  return below.upTo + ((upTo - below.upTo) * (rank - below.count)) / (count - below.count);
}

/** All that has been counted, to be told from the next time. */
export function countedOf(metrics: MetricsJson): Counted {
  const all = names.flatMap((name) =>
    samplesOf(metrics, name).map((sample) => [seriesOf(sample, name), sample.value] as const),
  );
  return new Map(all);
}

const seriesOf = ({ metricName, labels }: Sample, metric: string): string =>
  `${metricName ?? metric} ${labels.reason ?? ''} ${labels.le === undefined ? '' : Number(labels.le)}`;

const samplesOf = (metrics: MetricsJson, metric: MetricName): readonly Sample[] =>
  (metrics.find(({ name }) => name === metric)?.values ?? []) as readonly Sample[];

/** Tells CloudWatch the metrics of this replica, through its log, for as long as it listens. */
export function tellCloudWatch(app: FastifyInstance, { settings, metrics, peers }: Service, write = toStdout): void {
  const { emfService } = settings;
  if (emfService === undefined) return;
  const gather = async (): Promise<MetricsJson> => {
    if (!cluster.isWorker) return metrics.registry.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([...(await peers.ask<MetricsJson>('metrics'))]).getMetricsAsJSON();
  };
  // the other workers may have counted for long before this one began
  let before: Counted | undefined = cluster.isWorker ? undefined : new Map();
  let timer: NodeJS.Timeout | undefined;
  const tell = async (): Promise<void> => {
    const now = await gather();
    if (before) write(emfLines(emfService, now, before, Date.now()));
    before = countedOf(now);
  };
  app.addHook('onListen', async () => {
    timer = setInterval(() => void tell(), cloudWatchIntervalSeconds * 1000);
    timer.unref();
  });
  app.addHook('onClose', async () => {
    clearInterval(timer);
    // how its last streams were closed; the other workers may be gone already
    if (!cluster.isWorker) await tell();
  });
}

function toStdout(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
