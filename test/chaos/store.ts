import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { freePort, temporaryFolder } from '../support/programs.ts';
import { startProxy, type TcpProxy } from '../support/proxy.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { eventually, pause } from './waiting.ts';

/** A server's place: what outlives its process. */
interface Seat {
  readonly port: number;
  folder: string;
  server: RedisServer;
}

/**
 * A primary and its standby behind one address, as a managed Redis has them. Every write is on disk before it is
 * answered, so that a restart with data loses nothing that anybody was told of.
 */
export class Store {
  readonly #proxy: TcpProxy;
  #primary: Seat;
  #standby: Seat;

  private constructor(proxy: TcpProxy, primary: Seat, standby: Seat) {
    this.#proxy = proxy;
    this.#primary = primary;
    this.#standby = standby;
  }

  static async start(): Promise<Store> {
    const primary = await take(await freePort());
    const standby = await take(await freePort(), primary.port);
    const store = new Store(await startProxy(primary.port), primary, standby);
    await store.#standbyFollows();
    return store;
  }

  /** Where the primary is reached, whichever it is. */
  get url(): string {
    return this.#proxy.url;
  }

  async freeze(forMs: number): Promise<void> {
    const { server } = this.#primary;
    server.signal('SIGSTOP');
    await pause(forMs);
    server.signal('SIGCONT');
  }

  /** Killed, and back with all its data. */
  async restart(): Promise<void> {
    await kill(this.#primary);
    this.#primary.server = await serve(this.#primary);
  }

  /** Killed, and back with nothing. The standby follows it into emptiness. */
  async wipe(): Promise<void> {
    await kill(this.#primary);
    empty(this.#primary);
    this.#primary.server = await serve(this.#primary);
  }

  async flush(): Promise<void> {
    await ask(this.#primary, (redis) => redis.flushall());
  }

  /** As in a planned maintenance: writes wait until the standby has everything, then the two change places. */
  async failOver(): Promise<void> {
    const order = ['TO', '127.0.0.1', String(this.#standby.port)];
    await eventually('the standby can take over', async () => {
      await this.#standbyFollows();
      // refused until the primary, too, has noticed that its standby follows
      return ask(this.#primary, (redis) => redis.call('FAILOVER', ...order)).then(
        () => true,
        () => false,
      );
    });
    await eventually('the standby is promoted', () => says(this.#standby, 'role:master'));
    this.#changePlaces();
  }

  /** As when the primary is cut off before it dies: what it accepts in its last moments reaches no copy. */
  async failOverTooLate(apartMs: number): Promise<void> {
    await this.#standbyFollows();
    await ask(this.#standby, (redis) => redis.replicaof('NO', 'ONE'));
    await pause(apartMs);
    this.#changePlaces();
    await kill(this.#standby);
    empty(this.#standby);
    this.#standby.server = await serve(this.#standby, this.#primary.port);
  }

  close(): void {
    this.#proxy.close();
  }

  #changePlaces(): void {
    [this.#primary, this.#standby] = [this.#standby, this.#primary];
    this.#proxy.switchTo(this.#primary.port);
  }

  #standbyFollows(): Promise<void> {
    return eventually('the standby follows', () => says(this.#standby, 'master_link_status:up'));
  }
}

async function take(port: number, follows?: number): Promise<Seat> {
  const folder = temporaryFolder();
  return { port, folder, server: await serve({ port, folder }, follows) };
}

function serve({ port, folder }: Pick<Seat, 'port' | 'folder'>, follows?: number): Promise<RedisServer> {
  const durable = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'];
  const replication = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
  const following = follows === undefined ? [] : ['--replicaof', '127.0.0.1', String(follows)];
  return startRedis(port, [...durable, ...replication, ...following]);
}

async function kill({ server }: Seat): Promise<void> {
  server.signal('SIGKILL');
  await server.exited;
}

function empty(seat: Seat): void {
  rmSync(seat.folder, { recursive: true, force: true });
  seat.folder = temporaryFolder();
}

async function says(seat: Seat, line: string): Promise<boolean> {
  return (await ask(seat, (redis) => redis.info('replication'))).includes(line);
}

async function ask<T>({ port }: Seat, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ port, host: '127.0.0.1' });
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
