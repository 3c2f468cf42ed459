/** Numbers that follow from a seed and from nothing else. */
export interface Random {
  /** From 0 up to, but not including, 1. */
  readonly next: () => number;
  /** A whole number, both ends included. */
  readonly between: (least: number, most: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** The same things in another order. */
  readonly shuffle: <T>(things: readonly T[]) => readonly T[];
  /** A place in a list of this length; the first is the most popular one, as in Zipf's law. */
  readonly popular: (length: number) => number;
}

/** How steeply popularity falls: at 1 the second place is half as popular as the first. */
const steepness = 0.7;

/** mulberry32 by Tommy Ettinger, public domain: good enough for schedules, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    pick: (from) => from[between(0, from.length - 1)] as (typeof from)[number],
    shuffle: (things) => {
      const left = [...things];
      return things.map(() => left.splice(between(0, left.length - 1), 1)[0] as (typeof things)[number]);
    },
    popular: (length) => {
      const weights = weightsOf(length);
      let rest = next() * weights.reduce((sum, weight) => sum + weight, 0);
      const place = weights.findIndex((weight) => {
        rest -= weight;
        return rest < 0;
      });
      return Math.max(0, place);
    },
  };
}

/** What each place of a list this long weighs. */
export const weightsOf = (length: number): readonly number[] =>
  Array.from({ length }, (_, place) => 1 / (place + 1) ** steepness);
