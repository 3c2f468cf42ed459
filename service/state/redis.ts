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

  async note(list: string, name: string, at: number, lifeMs: number): Promise<void> {
    const key = stateKey(list);
    // the first is what counts, and the others tidy up; sent together they cost one way to the store
    const noted = [
      this.#redis.zadd(key, 'GT', at, name),
      this.#redis.zremrangebyscore(key, '-inf', Date.now() - lifeMs),
      this.#redis.pexpire(key, lifeMs),
    ];
    await available(Promise.all(noted));
  }

  async notes(list: string): Promise<ReadonlyMap<string, number>> {
    const pairs = await available(this.#redis.zrangebyscore(stateKey(list), '-inf', '+inf', 'WITHSCORES'));
    return new Map(
      Array.from({ length: pairs.length / 2 }, (_, index) => [String(pairs[2 * index]), Number(pairs[2 * index + 1])]),
    );
  }
}
