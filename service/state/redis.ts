import type { Redis } from 'ioredis';
import { available } from '../broker/available.ts';
import { stateKey } from '../broker/redis-keys.ts';
import type { SharedState } from './state.ts';

/** State in Redis: shared by all replicas, on the connection that commands go over anyway. */
export class RedisState implements SharedState {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async put(key: string, value: string, lifeMs: number): Promise<void> {
    await available(this.#redis.set(stateKey(key), value, 'PX', lifeMs));
  }

  async get(key: string): Promise<string | undefined> {
    return (await available(this.#redis.get(stateKey(key)))) ?? undefined;
  }

  async take(key: string): Promise<string | undefined> {
    return (await available(this.#redis.getdel(stateKey(key)))) ?? undefined;
  }
}
