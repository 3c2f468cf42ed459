import type { History } from '../../service/broker/broker.ts';
import { RedisBroker } from '../../service/broker/redis.ts';
import { connectRedis, type RedisSettings } from '../../service/broker/redis-connection.ts';

export const history: History = { replaySeconds: 600, replayMaxEvents: 10_000 };

/** A broker with connections of its own, which close with it. */
export const redisBroker = (settings: string | RedisSettings, wanted: History = history): RedisBroker =>
  new RedisBroker(connectRedis(typeof settings === 'string' ? { url: settings } : settings), wanted);
