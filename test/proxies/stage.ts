import { definePolicy, type StreamPolicy } from '../../lib/policy/index.ts';
import { startRedis } from '../support/redis.ts';
import { type Replica, startReplica } from '../support/replica.ts';
import { metric } from '../support/service.ts';
import type { Mutation, ProxyDriver, RunningProxy } from './driver.ts';

export const origin = 'https://app.example.com';

/** Small enough that tests are quick, and large enough for five thousand streams on one replica. */
export const policy: StreamPolicy = definePolicy({
  heartbeatSeconds: 3,
  retryMs: 1000,
  maxStreams: 5500,
  connectRatePerSecond: 5500,
  drainSeconds: 3,
  stickiness: 'none',
});

/** Two replicas on one Redis. */
export class Cast {
  readonly #redisUrl: string;
  readonly #replicas: [Replica, Replica];

  private constructor(redisUrl: string, replicas: [Replica, Replica]) {
    this.#redisUrl = redisUrl;
    this.#replicas = replicas;
  }

  static async gather(): Promise<Cast> {
    const { url } = await startRedis();
    return new Cast(url, await Promise.all([start(url, 0), start(url, 1)]));
  }

  get ports(): [number, number] {
    return [this.#replicas[0].port, this.#replicas[1].port];
  }

  /** The replica a stream is on, by the id that the stream was given. */
  holderOf(stream: string): Replica {
    const [first, second] = this.#replicas;
    return stream.startsWith(first.name) ? first : second;
  }

  otherThan(replica: Replica): Replica {
    const [first, second] = this.#replicas;
    return replica === first ? second : first;
  }

  any(): Replica {
    return this.#replicas[0];
  }

  /** Ends a replica, and resolves when it is gone. */
  async end(replica: Replica, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    replica.signal(signal);
    await replica.exited;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#replicas.map((one) => this.end(one, 'SIGKILL')));
  }

  /** Starts those that have ended again, on their ports. */
  async restore(): Promise<void> {
    for (const index of [0, 1] as const) {
      const { port, url } = this.#replicas[index];
      const alive = await fetch(`${url}/readyz`).then(
        () => true,
        () => false,
      );
      if (!alive) this.#replicas[index] = await start(this.#redisUrl, index, port);
    }
  }

  /** Streams that are open on both replicas together. */
  async streams(): Promise<number> {
    const counts = await Promise.all(this.#replicas.map(({ url }) => metric(url, 'sse_streams_active')));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

const start = (redisUrl: string, index: number, port?: number): Promise<Replica> =>
  startReplica({
    name: `replica${index}`,
    redisUrl,
    policy,
    env: { CORS_ORIGINS: origin },
    ...(port !== undefined && { port }),
  });

/** What a check plays on: replicas, a proxy in front of them, and a channel of its own. */
export interface Stage {
  readonly cast: Cast;
  readonly proxy: RunningProxy;
  readonly channel: string;
}

let channels = 0;

export const stageFor = (cast: Cast, proxy: RunningProxy): Stage => ({
  cast,
  proxy,
  channel: `channel${channels++}`,
});

/** A stage whose proxy has something changed in its files. */
export const brokenStage = async (cast: Cast, driver: ProxyDriver, mutate: Mutation): Promise<Stage> =>
  stageFor(cast, await driver.start(cast.ports, policy, mutate));

/** Looks again and again until it holds, and fails where it never does: a loop must not outlive its test. */
export async function eventually(condition: () => Promise<boolean>, patienceMs = 30_000): Promise<void> {
  const until = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`after ${patienceMs} ms it does not hold: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
