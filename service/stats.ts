import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { StreamPolicy } from '../lib/policy/index.ts';
import type { Shape } from './fanout/stream.ts';
import type { Service } from './service.ts';

/** Where a group's streams come in. */
const edges: Readonly<Record<Shape, keyof Stats['streams']['active']>> = {
  plain: 'sse',
  envelope: 'sse',
  message: 'webSocket',
  line: 'poll',
};

/** Groups that are listed by name. */
export const mostListed = 20;

export type ByReason = Readonly<Record<string, number>>;

export interface GroupStats {
  readonly channels: readonly string[];
  readonly edge: string;
  readonly streams: number;
}

/** What a process knows of itself, or the processes of a replica together. */
export interface Stats {
  readonly replica: string;
  /** Its processes. */
  readonly pids: readonly number[];
  readonly uptimeSeconds: number;
  readonly draining: boolean;
  readonly brokerConnected: boolean;
  readonly streams: {
    readonly active: { readonly sse: number; readonly webSocket: number; readonly poll: number };
    readonly opened: number;
    readonly closed: ByReason;
    readonly slow: number;
  };
  readonly events: { readonly published: number; readonly delivered: number; readonly replayed: number };
  readonly gaps: ByReason;
  readonly softFails: ByReason;
  /** Groups of equal subscriptions, and the largest of them. */
  readonly groups: { readonly count: number; readonly largest: readonly GroupStats[] };
  /** How much later than asked for timers run, since the process began. */
  readonly eventLoopLagMs: { readonly mean: number; readonly p99: number; readonly max: number };
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number; readonly externalBytes: number };
  /** In force for each process. */
  readonly policy: StreamPolicy;
}

/** A sample costs next to nothing at this resolution, and the lags that matter are far longer. */
const resolutionMs = 20;
const lag = monitorEventLoopDelay({ resolution: resolutionMs });
lag.enable();

export async function statsOf({ settings, delivery, broker, metrics }: Service): Promise<Stats> {
  const { fanout } = delivery;
  const groups = [...fanout.groups];
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    replica: settings.replica,
    pids: [process.pid],
    uptimeSeconds: Math.round(process.uptime()),
    draining: delivery.draining,
    brokerConnected: broker.connected,
    streams: {
      active: activeOf(groups),
      opened: await total(metrics.opened),
      closed: await byReason(metrics.closed),
      slow: await total(metrics.slowClients),
    },
    events: {
      published: await total(metrics.published),
      delivered: fanout.delivered,
      replayed: await total(metrics.replayed),
    },
    gaps: await byReason(metrics.gaps),
    softFails: await byReason(metrics.softFails),
    groups: { count: groups.length, largest: largestOf(groups) },
    eventLoopLagMs: { mean: lagMs(lag.mean), p99: lagMs(lag.percentile(99)), max: lagMs(lag.max) },
    memory: { rssBytes: rss, heapUsedBytes: heapUsed, externalBytes: external },
    policy: settings.policy,
  };
}

interface Grouped {
  readonly channels: readonly string[];
  readonly shape: Shape;
  readonly streams: { readonly length: number };
}

function activeOf(groups: readonly Grouped[]): Stats['streams']['active'] {
  const active = { sse: 0, webSocket: 0, poll: 0 };
  for (const { shape, streams } of groups) active[edges[shape]] += streams.length;
  return active;
}

function largestOf(groups: readonly Grouped[]): readonly GroupStats[] {
  return groups
    .filter(({ streams }) => streams.length > 0)
    .sort((a, b) => b.streams.length - a.streams.length)
    .slice(0, mostListed)
    .map(({ channels, shape, streams }) => ({ channels, edge: edges[shape], streams: streams.length }));
}

/** What a counter of prom-client tells of itself. */
interface Counted {
  get(): Promise<{
    readonly values: readonly { readonly value: number; readonly labels: { reason?: string | number } }[];
  }>;
}

async function total(counter: Counted): Promise<number> {
  return (await counter.get()).values.reduce((sum, { value }) => sum + value, 0);
}

async function byReason(counter: Counted): Promise<ByReason> {
  return Object.fromEntries((await counter.get()).values.map(({ labels, value }) => [String(labels.reason), value]));
}

/** The monitor measures whole intervals in nanoseconds; before its first sample it knows nothing. */
function lagMs(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, Math.round(nanoseconds / 1e4) / 100 - resolutionMs) : 0;
}
