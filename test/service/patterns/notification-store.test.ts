import { EmbeddedNotifications } from '../../../service/patterns/notifications/embedded.ts';
import { notificationStoreContract } from './notification-store.ts';

const day = 86_400_000;

describe('notifications inside the process', () => {
  notificationStoreContract((keeping) => new EmbeddedNotifications(keeping));

  test('are forgotten by age, and counted no more', async () => {
    let now = 1_700_000_000_000;
    const store = new EmbeddedNotifications({ most: 10, lifeMs: 2 * day }, () => now);
    await store.add('ada', { id: 'old', title: 't', at: '' });
    now += day;
    await store.add('ada', { id: 'new', title: 't', at: '' });
    now += day + 1;
    expect(await store.page('ada', 10)).toMatchObject({ notifications: [{ id: 'new' }], unread: 1 });
    now += day;
    await store.add('bob', { id: 'other', title: 't', at: '' });
    expect(await store.count('ada')).toEqual({ unread: 0, revision: 0 });
  });
});
