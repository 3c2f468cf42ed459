import { connectRedis, type RedisConnection } from '../../../service/broker/redis-connection.ts';
import { RedisState } from '../../../service/state/redis.ts';
import { sharedRedis, startRedis } from '../../support/redis.ts';
import { stateContract } from './contract.ts';

describe('state in Redis', () => {
  const redis = sharedRedis();
  let connection: RedisConnection;
  beforeAll(async () => {
    connection = connectRedis({ url: redis.server.url });
    await connection.commands.connect();
  });
  afterAll(() => connection.commands.disconnect());

  stateContract(() => new RedisState(connection.commands));

  test('keeps to the keys of the service', async () => {
    await new RedisState(connection.commands).put('ticket:1', 'x', 60_000);
    expect(await redis.admin.keys('*')).toEqual(['sse-kit:{0}:state:ticket:1']);
  });

  test('says so when the store is away', async () => {
    const own = await startRedis();
    const { commands } = connectRedis({ url: own.url });
    await commands.connect();
    own.signal('SIGKILL');
    await own.exited;

    await expect(new RedisState(commands).get('x')).rejects.toThrow('the event store');
    commands.disconnect();
  });
});
