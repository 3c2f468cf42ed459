import { type ByReason, mostListed, type Stats } from './stats.ts';

/** What the processes of one replica know together: numbers add up, what holds for the replica holds for all of them. */
export function together(all: readonly Stats[]): Stats | undefined {
  const [first] = all;
  if (first === undefined || all.length === 1) return first;
  const sum = (of: (one: Stats) => number): number => all.reduce((total, one) => total + of(one), 0);
  const most = (of: (one: Stats) => number): number => Math.max(...all.map(of));
  const reasons = (of: (one: Stats) => ByReason): ByReason => sumByReason(all.map(of));
  return {
    replica: first.replica,
    pids: all.flatMap(({ pids }) => pids),
    uptimeSeconds: most(({ uptimeSeconds }) => uptimeSeconds),
    draining: all.some(({ draining }) => draining),
    brokerConnected: all.every(({ brokerConnected }) => brokerConnected),
    streams: {
      active: {
        sse: sum(({ streams }) => streams.active.sse),
        webSocket: sum(({ streams }) => streams.active.webSocket),
        poll: sum(({ streams }) => streams.active.poll),
      },
      opened: sum(({ streams }) => streams.opened),
      closed: reasons(({ streams }) => streams.closed),
      slow: sum(({ streams }) => streams.slow),
    },
    events: {
      published: sum(({ events }) => events.published),
      delivered: sum(({ events }) => events.delivered),
      replayed: sum(({ events }) => events.replayed),
    },
    gaps: reasons(({ gaps }) => gaps),
    softFails: reasons(({ softFails }) => softFails),
    groups: {
      count: sum(({ groups }) => groups.count),
      largest: all
        .flatMap(({ groups }) => groups.largest)
        .sort((a, b) => b.streams - a.streams)
        .slice(0, mostListed),
    },
    eventLoopLagMs: {
      mean: sum(({ eventLoopLagMs }) => eventLoopLagMs.mean) / all.length,
      p99: most(({ eventLoopLagMs }) => eventLoopLagMs.p99),
      max: most(({ eventLoopLagMs }) => eventLoopLagMs.max),
    },
    memory: {
      rssBytes: sum(({ memory }) => memory.rssBytes),
      heapUsedBytes: sum(({ memory }) => memory.heapUsedBytes),
      externalBytes: sum(({ memory }) => memory.externalBytes),
    },
    policy: first.policy,
  };
}

function sumByReason(all: readonly ByReason[]): ByReason {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [reason, count] of Object.entries(one)) sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}
