import { type Random, randomFrom } from './random.ts';

/** Faults that cost no data: whatever happens in between, no stream may lose an event or be told of a gap. */
export const harmless = [
  'kill-replica',
  'stop-replica',
  'freeze-replica',
  'freeze-store',
  'restart-store',
  'planned-failover',
  'reload-proxy',
] as const;

/** Faults that lose history: streams may be told of a gap, and must be where they miss something. */
export const losing = ['wipe-store', 'flush-store', 'losing-failover'] as const;

export type FaultKind = (typeof harmless)[number] | (typeof losing)[number];

export const isLosing = (kind: FaultKind): boolean => losing.some((one) => one === kind);

/** What is to happen when. */
export interface PlannedFault {
  /** Since the beginning of the schedule, in milliseconds. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which replica it hits, for those that hit one. */
  readonly replica: number;
  /** How long it lasts, for those that last: sometimes a blink, sometimes longer than a replica takes to call itself deaf. */
  readonly forMs: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly forMs: number;
  readonly kinds: readonly FaultKind[];
  readonly replicas: number;
}

/** One fault in five comes on the heels of the one before it; the others leave time to recover. */
const heelsShare = 0.2;
const heelsMs = [0, 300] as const;
const pauseMs = [1500, 4500] as const;

const lastsMs = [200, 6000] as const;

/** All faults of a seed, in order. Every kind has its turn before one comes again. */
export function scheduleOf({ seed, forMs, kinds, replicas }: ScheduleOptions): readonly PlannedFault[] {
  const random = randomFrom(seed);
  const planned: PlannedFault[] = [];
  let turn: FaultKind[] = [];
  for (let atMs = random.between(...pauseMs); atMs < forMs; atMs += pauseOf(random)) {
    if (turn.length === 0) turn = [...random.shuffle(kinds)];
    const kind = turn.pop() as FaultKind;
    planned.push({ atMs, kind, replica: random.between(0, replicas - 1), forMs: random.between(...lastsMs) });
  }
  return planned;
}

const pauseOf = ({ next, between }: Random): number =>
  next() < heelsShare ? between(...heelsMs) : between(...pauseMs);
