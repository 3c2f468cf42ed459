import { RedisNotifications } from '../../../service/patterns/notifications/redis.ts';
import { sharedRedis } from '../../support/redis.ts';
import { notificationStoreContract } from './notification-store.ts';

describe('notifications in Redis', () => {
  const redis = sharedRedis();
  const keyOf = (part: string): string => `sse-kit:{0}:notifications:ada:${part}`;

  notificationStoreContract((keeping) => new RedisNotifications(redis.admin, keeping));

  test('are forgotten by age, and counted no more', async () => {
    const store = new RedisNotifications(redis.admin, { most: 10, lifeMs: 60_000 });
    for (const id of ['old', 'new']) await store.add('ada', { id, title: 't', at: '' });
    // what time does: its place is a minute and a second ago
    await redis.admin.zadd(keyOf('order'), (Date.now() - 61_000) * 1024, 'old');
    expect(await store.page('ada', 10)).toMatchObject({ notifications: [{ id: 'new' }], unread: 1 });
    expect(await redis.admin.hkeys(keyOf('items'))).toEqual(['new']);
  });

  test('leave nothing behind that does not expire', async () => {
    const store = new RedisNotifications(redis.admin, { most: 10, lifeMs: 60_000 });
    await store.add('ada', { id: 'a', title: 't', at: '' });
    await store.add('ada', { id: 'b', title: 't', at: '' });
    await store.markRead('ada', 'a');
    const keys = await redis.admin.keys('*');
    expect(keys.sort()).toEqual(['items', 'last', 'order', 'unread'].map(keyOf));
    for (const key of keys) expect(await redis.admin.pttl(key)).toBeGreaterThan(0);
  });

  test('survive that a store without room has evicted their texts', async () => {
    const store = new RedisNotifications(redis.admin);
    await store.add('ada', { id: 'a', title: 't', at: '' });
    await redis.admin.del(keyOf('items'));
    expect(await store.page('ada', 10)).toMatchObject({ notifications: [] });
  });
});
