import type { StreamPolicy } from '../../lib/policy/index.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { freePort } from '../support/programs.ts';
import { type Replica, startReplica } from '../support/replica.ts';
import { Store } from './store.ts';
import { within } from './waiting.ts';

/** Everything happens often: reconnects, heartbeats, drains, streams that end by their age. */
const policy: Partial<StreamPolicy> = {
  retryMs: 1000,
  heartbeatSeconds: 2,
  drainSeconds: 3,
  maxStreams: 1000,
  maxStreamAgeSeconds: 25,
  maxStreamAgeJitter: 0.3,
  stickiness: 'none',
};

/** Drain, what a stuck connection may take, and a busy machine on top. */
const exitMs = 20_000;

/** The shipped path: nginx in front of replicas that share a store. */
export class Cluster {
  readonly store: Store;
  readonly nginx: Nginx;
  readonly replicas: Replica[];
  readonly #name: string;

  private constructor(store: Store, nginx: Nginx, replicas: Replica[], name: string) {
    this.store = store;
    this.nginx = nginx;
    this.replicas = replicas;
    this.#name = name;
  }

  static async start(size: number, name: string): Promise<Cluster> {
    const store = await Store.start();
    const ports: number[] = [];
    while (ports.length < size) ports.push(await freePort());
    const replicas = await Promise.all(ports.map((port, index) => start(`${name}${index}`, store, port)));
    const nginx = await startNginx(ports, { mutate: (text) => quickened(withAll(text, ports)) });
    return new Cluster(store, nginx, replicas, name);
  }

  async killReplica(index: number): Promise<void> {
    const replica = this.#replica(index);
    replica.signal('SIGKILL');
    await replica.exited;
    await this.#restart(index);
  }

  /** @throws Error when it does not exit in time, or not as it should. */
  async stopReplica(index: number): Promise<void> {
    const replica = this.#replica(index);
    replica.signal('SIGTERM');
    const { code } = await within(exitMs, `${replica.name} was told to stop and has to exit`, replica.exited);
    if (code !== 0) throw new Error(`${replica.name} was told to stop and exited with ${code}:\n${replica.output()}`);
    await this.#restart(index);
  }

  close(): void {
    this.store.close();
  }

  #replica(index: number): Replica {
    return this.replicas[index] as Replica;
  }

  async #restart(index: number): Promise<void> {
    this.replicas[index] = await start(`${this.#name}${index}`, this.store, this.#replica(index).port);
  }
}

const start = (name: string, store: Store, port: number): Promise<Replica> =>
  startReplica({ name, redisUrl: store.url, policy, port });

/** The shipped file names two replicas; whoever has more adds lines. */
function withAll(text: string, ports: readonly number[]): string {
  const second = `server 127.0.0.1:${ports[1]} max_fails=1 fail_timeout=2s;`;
  const more = ports.slice(2).map((port) => second.replace(String(ports[1]), String(port)));
  return text.replace(second, [second, ...more].join('\n    '));
}

/** The soft-fails of the proxy wait as long as those of the replicas: a third. */
const quickened = (text: string): string =>
  text.replace(
    /^( {4}(?:10%|\*) )(\d+);$/gm,
    (_, share: string, ms: string) => `${share}${Math.round(Number(ms) / 3)};`,
  );
