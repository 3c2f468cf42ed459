/** Bytes, largest first by family: `large` to `16xlarge` of the families that share a memory size. */
const sizes = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'] as const;

type Family = readonly [number, number, number, number, number, number, number];

const m7: Family = [
  6_854_542_746, 13_891_921_715, 27_966_669_210, 56_116_178_125, 111_325_552_312, 168_715_971_994, 225_000_375_228,
];
const r7: Family = [
  14_037_181_030, 28_261_849_702, 56_711_183_565, 113_609_865_216, 225_000_375_228, 341_206_346_547, 450_000_750_456,
];
const m8: Family = [
  7_294_178_820, 15_222_495_510, 31_866_224_640, 65_856_864_256, 133_838_143_488, 201_819_422_720, 269_800_701_952,
];
const r8: Family = [
  15_222_495_510, 31_866_224_640, 65_856_864_256, 133_838_143_488, 269_800_701_952, 405_763_260_416, 541_725_818_880,
];
const c7gn: Family = [
  3_317_862_236, 6_854_542_746, 13_891_921_715, 27_966_669_210, 56_116_178_125, 84_357_985_997, 113_609_865_216,
];

const family = (name: string, bytes: Family): readonly (readonly [string, number])[] =>
  sizes.map((size, index) => [`cache.${name}.${size}`, bytes[index] ?? 0] as const);

/**
 * Node types that a replication group can be made of today, and the `maxmemory` of each in bytes, the reserved quarter
 * included (ElastiCache user guide, "Redis OSS node-type specific parameters"). Older generations are left out, and the
 * types with disks as well: a log that is being read from disk is late.
 */
export const nodeMemory: Readonly<Record<string, number>> = Object.fromEntries([
  ...['t3', 't4g'].flatMap((name) => [
    [`cache.${name}.micro`, 536_870_912] as const,
    [`cache.${name}.small`, 1_471_026_299] as const,
    [`cache.${name}.medium`, 3_317_862_236] as const,
  ]),
  ...family('m6g', m7),
  ...family('m7g', m7),
  ...family('m8g', m8),
  ...family('r6g', r7),
  ...family('r7g', r7),
  ...family('r8g', r8),
  ...family('c7gn', c7gn),
  // the older Intel families have sizes of their own
  ['cache.m5.large', 6_854_542_746],
  ['cache.m5.xlarge', 13_891_921_715],
  ['cache.m5.2xlarge', 27_966_669_210],
  ['cache.m5.4xlarge', 56_116_178_125],
  ['cache.m5.12xlarge', 168_715_971_994],
  ['cache.m5.24xlarge', 337_500_562_842],
  ['cache.r5.large', 14_037_181_030],
  ['cache.r5.xlarge', 28_261_849_702],
  ['cache.r5.2xlarge', 56_711_183_565],
  ['cache.r5.4xlarge', 113_609_865_216],
  ['cache.r5.12xlarge', 341_206_346_547],
  ['cache.r5.24xlarge', 682_485_973_811],
]);

/** The smallest node types first among those that a size is chosen from: Graviton, as the tasks are. */
const ladder = ['cache.t4g.micro', 'cache.t4g.small', 'cache.t4g.medium', ...family('r7g', r7).map(([name]) => name)];

/** A quarter is kept for snapshots and for copies that catch up (`reserved-memory-percent`). */
export const reservedShare = 0.25;

/** The share of the rest at which the alarm on memory goes off; a size is chosen so that it does not in normal times. */
export const fullShare = 0.8;

/** What is published, as far as the size of the store depends on it. */
export interface Traffic {
  /** Events a second, over all channels. */
  readonly eventsPerSecond: number;
  /** Bytes of an ordinary event's data. */
  readonly bytesPerEvent: number;
  /** Channels that have events at the same time. */
  readonly channels: number;
}

/**
 * Bytes of history: events that are kept × what one costs. Kept is what is published in `replaySeconds`, and at most
 * `replayMaxEvents` on each channel. One costs its data and a fifth more, and 50 bytes: measured with Redis 7.0.15 as
 * 133, 1,214 and 10,298 bytes for 100, 1,000 and 10,000.
 */
export function historyBytes(
  policy: { readonly replaySeconds: number; readonly replayMaxEvents: number },
  { eventsPerSecond, bytesPerEvent, channels }: Traffic,
): number {
  const events = Math.min(eventsPerSecond * policy.replaySeconds, channels * policy.replayMaxEvents);
  return Math.ceil(events * (1.2 * bytesPerEvent + 50));
}

/** The smallest node that holds so many bytes without being nearly full, or `undefined` where none does. */
export const nodeTypeFor = (bytes: number): string | undefined =>
  ladder.find((name) => bytes <= (nodeMemory[name] ?? 0) * (1 - reservedShare) * fullShare);
