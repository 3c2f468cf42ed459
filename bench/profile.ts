import { format, table } from './tables.ts';

/** The part of V8's CPU profile that is read here. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

const shown = 10;

/** Microseconds by function, idleness left out. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    if (name !== '(idle)') times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return times;
}

const sum = (times: Iterable<number>): number => [...times].reduce((total, time) => total + time, 0);

export const busyMs = (profile: CpuProfile): number => sum(selfTimes(profile).values()) / 1000;

/** Where the processor's time went by itself, not in what was called: the functions at the top, as shares of the busy time. */
export function profileTable(profile: CpuProfile): string {
  const times = selfTimes(profile);
  const busy = sum(times.values());
  const top = [...times].sort(([, a], [, b]) => b - a).slice(0, shown);
  const rows = top.map(([name, time]) => [name, `${format((100 * time) / busy, 1)} %`, format(time / 1000)]);
  return table([['function', 'self', 'ms'], ...rows, ['all', '100 %', format(busy / 1000)]]);
}

/** The file by its last folders: enough to find it, and the same on every machine. */
function nameOf({ functionName, url }: CallFrame): string {
  const file = url.replace(/^.*\/(?=(service|bench|lib|node_modules)\/)/, '').replace(/\?.*$/, '');
  const name = functionName || '(anonymous)';
  return file === '' ? name : `${name} (${file})`;
}
