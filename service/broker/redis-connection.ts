import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { fullJitterMs } from '../../lib/policy/index.ts';
import { type RedisEndpoint, readRedisUrl } from './redis-endpoint.ts';
import { type ClientOptions, slotOwnerConnector } from './slot-owner.ts';

/** How the store is reached. */
export interface RedisSettings {
  /** See README, "Redis": one server, sentinels or a cluster, each with or without TLS. */
  readonly url: string;
  /** Wins over the one in the URL. */
  readonly username?: string | undefined;
  /** Wins over the one in the URL. */
  readonly password?: string | undefined;
  /** The sentinels' own login. */
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** Certificate authorities to trust instead of the usual ones, as PEM. */
  readonly ca?: string | undefined;
  /** Told of each connection error; reconnecting goes on by itself. */
  readonly onError?: (error: Error) => void;
}

/** The two connections of a process: whoever keeps something in Redis shares the one for commands. */
export interface RedisConnection {
  readonly commands: Redis;
  readonly subscriber: Redis;
  /** Pub/sub stays on the node that owns the slot: SPUBLISH and SSUBSCRIBE. */
  readonly sharded: boolean;
  readonly database: number;
  readonly onError: (error: Error) => void;
  /** Both work: a connection that is lost from now on is the first one again, and not waited for long. */
  readonly settled: () => void;
}

/** A command that takes longer has lost its connection, or its server. */
const commandMs = 2000;
/** A connection that owes an answer and says nothing for this long is dead, whatever TCP believes. */
const silentMs = 3000;
/** A connection that is given up and stays open is cut after this long; nobody should have to wait for that. */
const partingMs = 500;
const reconnect = { baseMs: 100, capMs: 2000 };

/** @throws RangeError for a URL that is none. */
export function connectRedis(settings: RedisSettings): RedisConnection {
  const endpoint = readRedisUrl(settings.url);
  if ('must' in endpoint) throw new RangeError(`REDIS_URL must ${endpoint.must}`);
  const { onError = () => {} } = settings;
  let attempts = 0;
  // counted until both connections work again: one that is accepted and then refused must not be retried at full speed
  const retryMs = (): number => Math.max(20, fullJitterMs(attempts++, reconnect));
  const options = optionsOf(endpoint, settings, retryMs);
  const commands = new Redis({ ...options, enableAutoPipelining: true });
  const subscriber = new Redis(options);
  for (const client of [commands, subscriber]) client.on('error', onError);
  return {
    commands,
    subscriber,
    sharded: endpoint.kind === 'cluster',
    database: endpoint.database,
    onError,
    settled: () => {
      attempts = 0;
    },
  };
}

/**
 * Ends a connection for good. ioredis listens to a socket's first error only; one that is left in its TLS handshake has
 * two, the certificate's and the server's surprise, and the second would end the process.
 */
export function disconnect(client: Redis): void {
  // there is no socket before the first connection
  (client.stream as Redis['stream'] | undefined)?.on('error', () => {});
  client.disconnect();
}

function optionsOf(endpoint: RedisEndpoint, settings: RedisSettings, retryMs: () => number): ClientOptions {
  const { kind, nodes, primary, database, tls: secure } = endpoint;
  const tls: ConnectionOptions | undefined = secure
    ? { ...(settings.ca !== undefined && { ca: settings.ca }) }
    : undefined;
  const login = {
    ...present('username', settings.username ?? endpoint.username),
    ...present('password', settings.password ?? endpoint.password),
  };
  const options: ClientOptions = {
    ...login,
    ...(tls && { tls }),
    db: database,
    // IPv4 and IPv6 alike, as the resolver has it
    family: 0,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    // a publish that may have happened must not be sent again by itself
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: commandMs,
    connectTimeout: commandMs,
    disconnectTimeout: partingMs,
    socketTimeout: silentMs,
    maxLoadingRetryTime: 500,
    // one command less that an ACL has to allow
    disableClientInfo: true,
    retryStrategy: retryMs,
    // after a failover the old primary may come back as a replica, or own the slot no longer: look for the new one
    reconnectOnError: (error) => /^(READONLY|MOVED)/.test(error.message),
  };
  switch (kind) {
    case 'single':
      return { ...options, ...nodes[0] };
    case 'sentinel':
      return {
        ...options,
        sentinels: nodes.map((node) => ({ ...node })),
        name: primary,
        ...present('sentinelUsername', settings.sentinelUsername),
        ...present('sentinelPassword', settings.sentinelPassword),
        ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
        sentinelCommandTimeout: commandMs,
        sentinelRetryStrategy: retryMs,
      };
    case 'cluster': {
      const asking: ClientOptions = {
        ...login,
        family: 0,
        connectTimeout: commandMs,
        commandTimeout: commandMs,
        enableReadyCheck: false,
        disableClientInfo: true,
        retryStrategy: null,
      };
      return { ...options, Connector: slotOwnerConnector({ nodes, tls, options: asking, retryMs }) };
    }
  }
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;
}
