import type { StreamPolicy } from '../../policy/index.ts';
import { bytesPerSecond, connectsPerSecond, type Load, opensPerSecond } from './traffic.ts';

/** What one LCU contains of each dimension (aws.amazon.com/elasticloadbalancing/pricing, targets by IP). */
const inOneLcu = { newConnections: 25, activeConnections: 3000, gigabytes: 1, evaluations: 1000 };

/** Rules of a listener that are not counted. */
const freeRules = 10;

/** The four dimensions of an LCU; the largest one is paid for. */
export interface Lcu {
  /** New connections a second. */
  readonly newConnections: number;
  /** Connections that are open in a minute: with streams, all of them. */
  readonly activeConnections: number;
  /** GB an hour, both ways. */
  readonly gigabytes: number;
  /** Requests a second × rules above the tenth. */
  readonly evaluations: number;
}

export function lcu(policy: StreamPolicy, load: Load, listenerRules = 1): Lcu {
  const { processed } = bytesPerSecond(policy, load);
  return {
    newConnections: connectsPerSecond(policy, load) / inOneLcu.newConnections,
    activeConnections: load.streams / load.streamsPerConnection / inOneLcu.activeConnections,
    gigabytes: (processed * load.streams * 3600) / 1e9 / inOneLcu.gigabytes,
    evaluations: (opensPerSecond(policy, load) * Math.max(0, listenerRules - freeRules)) / inOneLcu.evaluations,
  };
}

/** What is paid for: the largest dimension, and its name. */
export function paidLcu(dimensions: Lcu): { readonly units: number; readonly by: keyof Lcu } {
  const names = Object.keys(dimensions) as (keyof Lcu)[];
  const [by = 'activeConnections'] = names.toSorted((a, b) => dimensions[b] - dimensions[a]);
  return { units: dimensions[by], by };
}
