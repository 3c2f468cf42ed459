import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Counter } from 'prom-client';
import type { Service } from '../../service.ts';

/** How a replica is, and what it did since the sample before. */
export interface Sample {
  readonly replica: string;
  /** ISO 8601. */
  readonly at: string;
  readonly streams: number;
  readonly maxStreams: number;
  readonly openedPerSecond: number;
  readonly closedPerSecond: number;
  readonly publishedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly gapsPerSecond: number;
  readonly softFailsPerSecond: number;
  readonly slowPerSecond: number;
  readonly brokerConnected: boolean;
  /** How far what is heard is behind what is published. */
  readonly brokerLagSeconds: number;
  readonly loopP99Ms: number;
  readonly rssBytes: number;
}

type Counts = Readonly<
  Record<'opened' | 'closed' | 'published' | 'delivered' | 'gaps' | 'softFails' | 'slowClients', number>
>;

/** How often the delay of the event loop is looked at. */
const resolutionMs = 10;

/** Takes samples of the service it is part of. Costs something while it lives: make one when somebody looks. */
export class Sampler {
  readonly #service: Service;
  readonly #loop: IntervalHistogram;
  #before: Promise<Counts>;
  #takenAt = performance.now();

  constructor(service: Service) {
    this.#service = service;
    this.#before = countsOf(service);
    this.#loop = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#loop.enable();
  }

  /** When rates begin to be counted, on the clock of `performance.now()`. */
  get takenAt(): number {
    return this.#takenAt;
  }

  async take(): Promise<Sample> {
    const [before, now] = [await this.#before, await countsOf(this.#service)];
    const takenAt = performance.now();
    const seconds = (takenAt - this.#takenAt) / 1000;
    const rate = (name: keyof Counts): number => rounded((now[name] - before[name]) / seconds);
    this.#before = Promise.resolve(now);
    this.#takenAt = takenAt;
    const { settings, delivery, broker } = this.#service;
    return {
      replica: settings.replica,
      at: new Date().toISOString(),
      streams: delivery.fanout.size,
      maxStreams: settings.policy.maxStreams,
      openedPerSecond: rate('opened'),
      closedPerSecond: rate('closed'),
      publishedPerSecond: rate('published'),
      deliveredPerSecond: rate('delivered'),
      gapsPerSecond: rate('gaps'),
      softFailsPerSecond: rate('softFails'),
      slowPerSecond: rate('slowClients'),
      brokerConnected: broker.connected,
      brokerLagSeconds: rounded(broker.lagSeconds),
      loopP99Ms: this.#loopP99Ms(),
      rssBytes: process.memoryUsage.rss(),
    };
  }

  stop(): void {
    this.#loop.disable();
  }

  /** What the histogram sees is the whole interval; the delay is what goes beyond its resolution. */
  #loopP99Ms(): number {
    const p99 = this.#loop.percentile(99) / 1e6;
    this.#loop.reset();
    return rounded(Math.max(0, p99 - resolutionMs));
  }
}

async function countsOf({ metrics, delivery }: Service): Promise<Counts> {
  const [opened, closed, published, gaps, softFails, slowClients] = await Promise.all(
    [metrics.opened, metrics.closed, metrics.published, metrics.gaps, metrics.softFails, metrics.slowClients].map(
      total,
    ),
  );
  const delivered = delivery.fanout.delivered;
  return { opened, closed, published, delivered, gaps, softFails, slowClients } as Counts;
}

/** Over all labels. */
async function total(counter: Pick<Counter, 'get'>): Promise<number> {
  return (await counter.get()).values.reduce((sum, { value }) => sum + value, 0);
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
