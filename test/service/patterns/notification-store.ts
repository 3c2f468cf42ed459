import type { Keeping, Notification, NotificationStore } from '../../../service/patterns/notifications/store.ts';

/** How a suite makes a store; stores of one test share what they keep where they can. */
export type MakeStore = (keeping: Keeping) => NotificationStore;

const month: Keeping = { most: 200, lifeMs: 30 * 86_400_000 };

const note = (id: string, more: Partial<Notification> = {}): Notification => ({
  id,
  title: `title of ${id}`,
  at: '2026-01-01T00:00:00.000Z',
  ...more,
});

const ids = (page: { notifications: readonly Notification[] }): string[] => page.notifications.map(({ id }) => id);

/** What every store of notifications must do. */
export function notificationStoreContract(makeStore: MakeStore): void {
  test('keeps what it is given, newest first', async () => {
    const store = makeStore(month);
    const full = note('full', { body: 'b', link: '/x', data: { a: [1, 'ü', null] } });
    await store.add('ada', note('first'));
    await store.add('ada', full);
    expect(await store.page('ada', 10)).toMatchObject({
      notifications: [
        { ...full, read: false },
        { ...note('first'), read: false },
      ],
      unread: 2,
    });
  });

  test('has nothing for a user it does not know', async () => {
    const store = makeStore(month);
    expect(await store.page('nobody', 10)).toEqual({ notifications: [], unread: 0, revision: 0 });
    expect(await store.count('nobody')).toEqual({ unread: 0, revision: 0 });
    expect(await store.markAllRead('nobody')).toEqual({ unread: 0, revision: 0 });
    expect(await store.markRead('nobody', 'x')).toBeUndefined();
  });

  test('keeps users apart', async () => {
    const store = makeStore(month);
    await store.add('ada', note('a'));
    await store.add('ada:b', note('b'));
    await store.markAllRead('ada:b');
    expect(ids(await store.page('ada', 10))).toEqual(['a']);
    expect(await store.count('ada')).toMatchObject({ unread: 1 });
    expect(await store.count('ada:b')).toMatchObject({ unread: 0 });
  });

  test('counts what is unread, and reading twice is reading once', async () => {
    const store = makeStore(month);
    for (const id of ['a', 'b', 'c']) await store.add('ada', note(id));
    const once = await store.markRead('ada', 'b');
    expect(once).toMatchObject({ unread: 2 });
    expect(await store.markRead('ada', 'b')).toEqual(once);
    expect(await store.page('ada', 10)).toMatchObject({
      notifications: [{ read: false }, { id: 'b', read: true }, { read: false }],
    });
    const all = await store.markAllRead('ada');
    expect(all).toMatchObject({ unread: 0 });
    expect(await store.markAllRead('ada')).toEqual(all);
  });

  test('gives every change a higher revision', async () => {
    const store = makeStore(month);
    const revisions = [
      await store.add('ada', note('a')),
      await store.add('ada', note('b')),
      await store.markRead('ada', 'a'),
      await store.markAllRead('ada'),
      await store.add('ada', note('c')),
    ].map((count) => count?.revision ?? Number.NaN);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(await store.count('ada')).toMatchObject({ revision: revisions.at(-1) });
  });

  test('keeps an id once, and says what it has under it', async () => {
    const store = makeStore(month);
    const first = await store.add('ada', note('a'));
    expect(await store.add('ada', note('a', { title: 'other' }))).toEqual(first);
    await store.markRead('ada', 'a');
    expect(await store.add('ada', note('a'))).toMatchObject({ kept: note('a'), unread: 0 });
    expect(ids(await store.page('ada', 10))).toEqual(['a']);
  });

  test('hands out pages that do not shift when something new comes in between', async () => {
    const store = makeStore(month);
    for (let number = 1; number <= 5; number++) await store.add('ada', note(String(number)));
    const first = await store.page('ada', 2);
    await store.add('ada', note('6'));
    const second = await store.page('ada', 2, first.next);
    const third = await store.page('ada', 2, second.next);
    expect([first, second, third].map(ids)).toEqual([['5', '4'], ['3', '2'], ['1']]);
    expect(third.next).toBeUndefined();
    expect((await store.page('ada', 6)).next).toBeUndefined();
  });

  test('lets the oldest go beyond its limit, and counts them no more', async () => {
    const store = makeStore({ ...month, most: 3 });
    for (let number = 1; number <= 5; number++) await store.add('ada', note(String(number)));
    expect(ids(await store.page('ada', 10))).toEqual(['5', '4', '3']);
    expect(await store.count('ada')).toMatchObject({ unread: 3 });
    expect(await store.markRead('ada', '1')).toBeUndefined();
  });

  test('counts right when many change it at once', async () => {
    const [here, there] = [makeStore(month), makeStore(month)];
    const all = Array.from({ length: 40 }, (_, index) => String(index));
    const added = await Promise.all(all.map((id) => here.add('ada', note(id))));
    expect(added.map(({ unread }) => unread).sort((a, b) => a - b)).toEqual(all.map((id) => Number(id) + 1));
    const half = all.slice(0, 20);
    // each is read twice, by two at once
    const reads = await Promise.all([...half, ...half].map((id) => here.markRead('ada', id)));
    expect(Math.min(...reads.map((count) => count?.unread ?? Number.NaN))).toBe(20);
    await Promise.all([here.markAllRead('ada'), ...all.map((id) => here.markRead('ada', id)), there.count('ada')]);
    expect(await here.count('ada')).toMatchObject({ unread: 0 });
  });
}
