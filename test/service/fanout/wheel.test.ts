import fc from 'fast-check';
import { Wheel } from '../../../service/fanout/wheel.ts';

interface Item {
  closed: boolean;
  readonly turns: number[];
}

const item = (): Item => ({ closed: false, turns: [] });

function wheelOf(again: (one: Item, now: number) => number): Wheel<Item> {
  return new Wheel<Item>({
    horizonMs: 1000,
    tickMs: 10,
    now: 0,
    turn: (one, now) => {
      one.turns.push(now);
      return again(one, now);
    },
  });
}

describe('the wheel', () => {
  test('gives each item its turn within a tick of when it is due', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 20 }), (dues) => {
        const wheel = wheelOf(() => Number.POSITIVE_INFINITY);
        const items = dues.map((due) => ({ due, one: item() }));
        for (const { due, one } of items) wheel.add(one, due);
        for (let now = 0; now <= 1100; now += 5) wheel.advance(now);
        for (const { due, one } of items) expect(Math.abs((one.turns[0] ?? Number.NaN) - due)).toBeLessThanOrEqual(10);
      }),
    );
  });

  test('gives the next turn when the last one asked for it', () => {
    const wheel = wheelOf((_, now) => now + 100);
    const one = item();
    wheel.add(one, 100);
    for (let now = 0; now <= 500; now += 10) wheel.advance(now);
    expect(one.turns).toEqual([100, 200, 300, 400, 500]);
  });

  test('forgets what is closed', () => {
    const wheel = wheelOf((_, now) => now + 50);
    const one = item();
    wheel.add(one, 50);
    wheel.advance(50);
    one.closed = true;
    for (let now = 60; now <= 300; now += 10) wheel.advance(now);
    expect(one.turns).toEqual([50]);
  });

  test('makes up for a pause of the process: every item once, and none is lost', () => {
    const wheel = wheelOf((_, now) => now + 100);
    const items = Array.from({ length: 50 }, item);
    for (const [index, one] of items.entries()) wheel.add(one, index * 20);
    wheel.advance(60_000);
    expect(items.map(({ turns }) => turns)).toEqual(items.map(() => [60_000]));
    wheel.advance(60_100);
    expect(items.map(({ turns }) => turns.length)).toEqual(items.map(() => 2));
  });
});
