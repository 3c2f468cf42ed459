import { harmless, losing, scheduleOf } from './schedule.ts';

const kinds = [...harmless, ...losing];
const planned = (seed: number) => scheduleOf({ seed, forMs: 120_000, kinds, replicas: 3 });

test('a seed is a schedule', () => {
  expect(planned(7)).toEqual(planned(7));
  expect(planned(7)).not.toEqual(planned(8));
});

test('a longer schedule begins with the shorter one', () => {
  const short = scheduleOf({ seed: 7, forMs: 30_000, kinds, replicas: 3 });
  expect(planned(7).slice(0, short.length)).toEqual(short);
});

test('every kind of fault has its turn before one comes again', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const turn = planned(seed).slice(0, kinds.length);
    expect(new Set(turn.map(({ kind }) => kind)).size).toBe(kinds.length);
  }
});

test('faults hit every replica, in order of time, and some come on the heels of others', () => {
  const many = Array.from({ length: 20 }, (_, seed) => planned(seed));
  const pauses = many.flatMap((faults) =>
    faults.slice(1).map(({ atMs }, before) => atMs - (faults[before]?.atMs ?? 0)),
  );
  expect(new Set(many.flat().map(({ replica }) => replica))).toEqual(new Set([0, 1, 2]));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
  expect(pauses.some((pause) => pause <= 300)).toBe(true);
});
