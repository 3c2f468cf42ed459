import { createConnection, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { Address } from './redis-endpoint.ts';
import { slot } from './redis-keys.ts';

/** ioredis types this one option apart from the others. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

type Connector = NonNullable<RedisOptions['Connector']>;
type ErrorEmitter = (type: string, error: Error) => void;

export interface ClusterAccess {
  /** Nodes to ask first: a configuration endpoint, or some of the nodes. */
  readonly nodes: readonly [Address, ...Address[]];
  readonly tls: ConnectionOptions | undefined;
  /** Login and patience for asking. */
  readonly options: ClientOptions;
  readonly retryMs: () => number;
}

/** CLUSTER SLOTS: a range of slots, then its primary and its replicas. */
type Range = [first: number, last: number, ...nodes: [host: string | null, port: number, ...unknown[]][]];

/**
 * Connects to the cluster's node that owns our slot. All keys share one slot, so that one ordinary connection does, and
 * order and failures are those of a single server; each new connection asks anew who the owner is.
 */
export function slotOwnerConnector({ nodes, tls, options, retryMs }: ClusterAccess): Connector {
  /** Everybody the cluster last spoke of: a node that was named at the start may be gone by now. */
  let members: readonly Address[] = [];

  async function ask(node: Address): Promise<Address> {
    const client = new Redis({ ...options, ...node, ...(tls && { tls }), lazyConnect: true });
    client.on('error', () => {});
    try {
      await client.connect();
      const ranges = (await client.cluster('SLOTS')) as Range[];
      const addressOf = ([host, port]: Range[2]): Address => ({ host: isNamed(host) ? host : node.host, port });
      members = ranges.flatMap(([, , ...all]) => all.map(addressOf));
      const owner = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2];
      if (owner === undefined) throw new Error(`no node of the cluster owns slot ${slot}`);
      return addressOf(owner);
    } finally {
      client.disconnect();
    }
  }

  async function find(): Promise<Address> {
    let failure: unknown;
    for (const node of [...nodes, ...members]) {
      try {
        return await ask(node);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  return class extends AbstractConnector {
    constructor(connection: unknown) {
      super((connection as { disconnectTimeout: number }).disconnectTimeout);
    }

    async connect(emit: ErrorEmitter) {
      this.connecting = true;
      while (this.connecting) {
        try {
          const owner = await find();
          if (!this.connecting) break;
          this.stream = tls ? connectTls({ ...tls, ...owner, ...nameOf(owner) }) : createConnection(owner);
          this.stream.once('error', (error) => {
            this.firstError = error;
          });
          return this.stream;
        } catch (error) {
          emit('error', error as Error);
          await new Promise((resolve) => setTimeout(resolve, retryMs()).unref());
        }
      }
      throw new Error('Connection is closed.');
    }
  };

  /** A node that goes by its address proves itself with the certificate of the name that was configured. */
  function nameOf({ host }: Address): ConnectionOptions {
    const [{ host: named }] = nodes;
    return isIP(host) && !isIP(named) ? { servername: named } : {};
  }
}

/** An empty host, or a question mark, stands for the node that was asked. */
const isNamed = (host: string | null): host is string => host !== null && host !== '' && host !== '?';
