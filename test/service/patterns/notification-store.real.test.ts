import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
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

  test('need the rights that the documents name, and no others', async () => {
    const rightsIn = (page: string, begin: string): string[] =>
      (
        readFileSync(join(__dirname, '../../../docs', page), 'utf8')
          .split(`\n\`${begin}`)[1]
          ?.split('`')[0] ?? ''
      ).split(' ');
    const rules = [...rightsIn('decisions/10-redis.md', 'on '), ...rightsIn('patterns.md', '+zadd ').concat('+zadd')];
    await redis.admin.call('ACL', 'SETUSER', 'service', 'reset', 'on', '>secret', ...rules);
    const client = new Redis(redis.server.url, { username: 'service', password: 'secret' });
    const store = new RedisNotifications(client, { most: 1, lifeMs: 60_000 });
    for (const id of ['a', 'b']) await store.add('ada', { id, title: 't', at: '' });
    await store.page('ada', 10);
    await store.markRead('ada', 'b');
    await store.add('ada', { id: 'c', title: 't', at: '' });
    expect(await store.markAllRead('ada')).toMatchObject({ unread: 0 });
    client.disconnect();
  });

  test('survive that a store without room has evicted their texts', async () => {
    const store = new RedisNotifications(redis.admin);
    await store.add('ada', { id: 'a', title: 't', at: '' });
    await redis.admin.del(keyOf('items'));
    expect(await store.page('ada', 10)).toMatchObject({ notifications: [] });
  });
});
