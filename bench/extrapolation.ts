import { defaults } from '../lib/policy/index.ts';
import type { GrowthKey, Results } from './metrics.ts';
import { format, table } from './tables.ts';

const kit = 'sse-kit';
const million = 1_000_000;

/** How cost grows with the number of streams, for us and for the usual way. */
export function growthTable(results: Results, sizes: readonly number[]): string {
  const servers = results.servers(`growth:cpu:${sizes[0]}`);
  const cell = (what: 'cpu' | 'four' | 'memory' | 'accepted', size: number, server: string, digits: number): string => {
    const key: GrowthKey = `growth:${what}:${size}`;
    return format(results.median(key, server), digits);
  };
  const rows = servers.flatMap((server) =>
    sizes.map((size) => [
      server,
      format(size),
      cell('cpu', size, server, 2),
      cell('four', size, server, 0),
      cell('memory', size, server, 1),
      cell('accepted', size, server, 0),
    ]),
  );
  const head = [
    '',
    'streams',
    'CPU µs per delivery at 30,000/s',
    'deliveries/s, four outstanding',
    'KB per idle stream',
    'accepted/s',
  ];
  return table([head, ...rows]);
}

/** From the largest measured number to a million, every step written out; `undefined` without the figures it needs. */
export function extrapolation(results: Results, sizes: readonly number[]): string | undefined {
  const largest = sizes.at(-1);
  const cpu = results.median(`growth:cpu:${largest ?? 0}`, kit);
  const memory = results.median(`growth:memory:${largest ?? 0}`, kit);
  const accepted = results.median(`growth:accepted:${largest ?? 0}`, kit);
  if (largest === undefined || cpu === undefined || memory === undefined || accepted === undefined) return undefined;
  const { maxStreams, heartbeatSeconds, connectRatePerSecond } = defaults;
  const replicas = million / maxStreams;
  const perReplicaMB = (maxStreams * memory) / 1024;
  const heartbeats = maxStreams / heartbeatSeconds;
  const admitted = Math.min(connectRatePerSecond, accepted);
  return [
    `Measured with ${format(largest)} streams on one core: ${format(cpu, 2)} µs of CPU per delivery, ${format(memory, 1)} KB per idle stream, ${format(accepted)} streams accepted a second. A replica holds maxStreams = ${format(maxStreams)}.`,
    '',
    `- Replicas: ${format(million)} ÷ ${format(maxStreams)} = ${format(replicas)}, one core each.`,
    `- Memory for streams: ${format(maxStreams)} × ${format(memory, 1)} KB = ${format(perReplicaMB)} MB a replica, ${format(replicas)} × ${format(perReplicaMB)} MB = ${format((replicas * perReplicaMB) / 1024, 1)} GB in all; the kernel's socket buffers come on top.`,
    `- Silence: ${format(maxStreams)} ÷ ${heartbeatSeconds} s = ${format(heartbeats)} heartbeats a second and replica × ${format(cpu, 2)} µs = ${format((heartbeats * cpu) / 1e4, 1)} % of its core. A heartbeat is one shared buffer and costs no more than a delivery.`,
    `- One event a second for everybody: ${format(maxStreams)} deliveries a second and replica × ${format(cpu, 2)} µs = ${format((maxStreams * cpu) / 1e4, 1)} % of its core, ${format(million)} deliveries a second in all.`,
    `- Everybody back at once: ${format(maxStreams)} ÷ min(connectRatePerSecond ${format(connectRatePerSecond)}, ${format(accepted)}) = ${format(maxStreams / admitted, 1)} s on every replica at the same time; at the measured rate alone ${format(maxStreams / accepted, 1)} s.`,
    `- The event store hands each event to every replica that listens: ${format(replicas)} copies of an event that all want, one of an event that one user wants.`,
    '',
    `What this assumes: replicas share nothing but the store, so that ${format(replicas)} of them do ${format(replicas)} times the work of one. Measured is one replica; the store's own limit with ${format(replicas)} subscribers is not.`,
  ].join('\n');
}
