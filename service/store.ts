import type { FastifyBaseLogger } from 'fastify';
import type { Redis } from 'ioredis';
import type { Broker } from './broker/broker.ts';
import { EmbeddedBroker } from './broker/embedded.ts';
import { RedisBroker } from './broker/redis.ts';
import { connectRedis } from './broker/redis-connection.ts';
import type { ServiceSettings } from './settings.ts';
import { EmbeddedState } from './state/embedded.ts';
import { RedisState } from './state/redis.ts';
import type { SharedState } from './state/state.ts';

/** What the service remembers things with. */
export interface Store {
  readonly broker: Broker;
  readonly state: SharedState;
  /**
   * The connection for commands, shared by all that keep something in Redis; absent with the embedded broker. Keys begin
   * with `sse-kit:{0}:` (redis-keys.ts), so that all stand in one slot, and failures become StoreUnavailable through
   * `available`. Never blocking commands, subscriptions or SELECT here; it closes with the broker.
   */
  readonly redis?: Redis;
}

/** The same complaint is logged once in this time: a store that is away makes each attempt complain. */
const repeatMs = 10_000;

/** The store that the settings name. Nothing is connected before the broker is started. */
export function createStore(log: FastifyBaseLogger, settings: ServiceSettings): Store {
  const { policy, redisUrl } = settings;
  if (redisUrl === undefined) return { broker: new EmbeddedBroker(policy), state: new EmbeddedState() };
  const connection = connectRedis({
    url: redisUrl,
    username: settings.redisUsername,
    password: settings.redisPassword,
    sentinelUsername: settings.redisSentinelUsername,
    sentinelPassword: settings.redisSentinelPassword,
    ca: settings.redisCa,
    onError: seldom((message) => log.warn({ err: { message } }, 'event store')),
  });
  const { commands } = connection;
  return { broker: new RedisBroker(connection, policy), state: new RedisState(commands), redis: commands };
}

function seldom(tell: (message: string) => void): (error: Error) => void {
  const told = new Map<string, number>();
  return (error) => {
    // a name that stands for several addresses fails with several errors, and no message of its own
    const message = error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
    const now = performance.now();
    if (now - (told.get(message) ?? Number.NEGATIVE_INFINITY) < repeatMs) return;
    // what was told long ago is forgotten, however many kinds there are
    for (const [known, at] of told) if (now - at >= repeatMs) told.delete(known);
    told.set(message, now);
    tell(message);
  };
}
