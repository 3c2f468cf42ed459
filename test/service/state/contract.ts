import type { SharedState } from '../../../service/state/state.ts';

/** What all replicas can rely on, whatever the state is kept in. */
export function stateContract(make: () => SharedState): void {
  test('gives back what was put, and the newest of it', async () => {
    const state = make();
    await state.put('a', 'one', 60_000);
    await state.put('a', 'two: "ünïcødé"', 60_000);

    expect(await state.get('a')).toBe('two: "ünïcødé"');
    expect(await state.get('b')).toBeUndefined();
  });

  test('gives what is taken to one of many that ask at once', async () => {
    const state = make();
    await state.put('ticket', 'grants', 60_000);
    const taken = await Promise.all(Array.from({ length: 20 }, () => state.take('ticket')));

    expect(taken.filter((one) => one !== undefined)).toEqual(['grants']);
    expect(await state.get('ticket')).toBeUndefined();
  });

  test('forgets what has reached its end', async () => {
    const state = make();
    await state.put('short', 'x', 30);
    await new Promise((resolve) => setTimeout(resolve, 60));

    expect(await state.get('short')).toBeUndefined();
    expect(await state.take('short')).toBeUndefined();
  });

  test('keeps the latest of the times noted under a name, and none that are too old', async () => {
    const state = make();
    const now = Date.now();
    await state.note('list', 'old', now - 70_000, 100_000);
    await Promise.all([now, now - 1000].map((at) => state.note('list', 'a b|ü', at, 60_000)));
    await state.note('other', 'b', now, 60_000);

    expect(await state.notes('list')).toEqual(new Map([['a b|ü', now]]));
    expect(await state.notes('none')).toEqual(new Map());
  });
}
