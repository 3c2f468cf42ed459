import { type ChaosClient, openEventSource, openPlainClient } from './clients.ts';
import { Cluster } from './cluster.ts';
import { faults, type Target } from './faults.ts';
import { Publisher } from './publisher.ts';
import { type Random, randomFrom } from './random.ts';
import { reconcile, type Violation } from './reconcile.ts';
import type { Publish, StreamRecord } from './record.ts';
import { type FaultKind, isLosing, type PlannedFault, scheduleOf } from './schedule.ts';
import { pause, within } from './waiting.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** How long faults go on, in milliseconds. */
  readonly forMs: number;
  readonly kinds: readonly FaultKind[];
  readonly streams: number;
  readonly channels: number;
  readonly eventsPerSecond: number;
  /** Told of each fault as it begins. */
  readonly log?: (line: string) => void;
}

/** How it went. */
export interface Outcome {
  /** What must not be, in the streams' records. */
  readonly violations: readonly Violation[];
  /** What must not be, elsewhere: a replica that does not stop, a publish that is refused. */
  readonly failures: readonly string[];
  readonly records: readonly StreamRecord[];
  readonly publishes: readonly Publish[];
  readonly faults: number;
}

const replicas = 3;
/** Every so many streams is an EventSource. */
const eventSourceEach = 10;
/** And every so many of the others stays away for a while after each end. */
const awayEach = 7;
const awayMs = 7000;
const mostChannels = 5;
/** For all streams to open, and for all to get what they are owed in the end. */
const settleMs = 90_000;
/** Named when they are late; the others are like them. */
const namedStreams = 5;

/** Runs a seed's schedule against a cluster of its own. Whoever calls stops the programs afterwards. */
export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const { seed, forMs, kinds, log = () => {} } = options;
  const cluster = await Cluster.start(replicas, 'replica');
  const random = randomFrom(seed);
  const channels = Array.from({ length: options.channels }, (_, index) => `channel${index}`);
  const clients = openClients(cluster, channels, random, options.streams);
  const failures: string[] = [];
  try {
    await everybody(clients, 'is open', (client) =>
      client.met((entry) => entry.kind === 'note' && entry.what.startsWith('opened')),
    );
    const urls = [cluster.nginx.url, ...cluster.replicas.map(({ url }) => url)];
    const insists = !kinds.some(isLosing);
    const publisher = new Publisher({ random, urls, channels, eventsPerSecond: options.eventsPerSecond, insists });
    publisher.start();
    const schedule = scheduleOf({ seed, forMs, kinds, replicas });
    const firstLossAt = await play(cluster, schedule, forMs, { log, failed: (why) => failures.push(why) });
    await publisher.stop();
    const closing = await publisher.closing();
    await everybody(clients, 'has the last events of its channels', (client) => hasAll(client, closing)).catch(
      (error: Error) => failures.push(error.message),
    );
    const records = clients.map(({ record }) => record);
    const violations = reconcile(records, { publishes: publisher.log, closing, firstLossAt });
    failures.push(...publisher.faults);
    return { violations, failures, records, publishes: publisher.log, faults: schedule.length };
  } finally {
    for (const client of clients) client.close();
    cluster.close();
  }
}

function openClients(
  { nginx }: Cluster,
  channels: readonly string[],
  random: Random,
  streams: number,
): readonly ChaosClient[] {
  return Array.from({ length: streams }, (_, index) => {
    const wanted = Array.from({ length: random.between(1, mostChannels) }, () => random.popular(channels.length));
    const open = index % eventSourceEach === 0 ? openEventSource : openPlainClient;
    const chosen = [...new Set(wanted)].map((place) => channels[place] as string);
    const away = index % awayEach === 1 ? awayMs : 0;
    return open({ name: `stream${index}`, url: nginx.url, channels: chosen, awayMs: away });
  });
}

interface Play {
  readonly log: (line: string) => void;
  readonly failed: (why: string) => void;
}

/** Lets the faults happen when they are due, and waits until all is mended. Resolves with the time of the first loss. */
async function play(
  cluster: Cluster,
  schedule: readonly PlannedFault[],
  forMs: number,
  { log, failed }: Play,
): Promise<number> {
  const began = performance.now();
  const busy = new Map<Target, Promise<void>>();
  let firstLossAt = Number.POSITIVE_INFINITY;
  for (const planned of schedule) {
    await pause(began + planned.atMs - performance.now());
    const { target, run } = faults[planned.kind];
    const hit = target(planned);
    const happening = (busy.get(hit) ?? Promise.resolve()).then(async () => {
      log(`${seconds(performance.now() - began)} ${planned.kind}, ${hit}, for ${seconds(planned.forMs)}`);
      if (isLosing(planned.kind)) firstLossAt = Math.min(firstLossAt, performance.now());
      await run(cluster, planned);
    });
    busy.set(
      hit,
      happening.catch((error: Error) => failed(`${planned.kind}, ${hit}: ${error.message}`)),
    );
  }
  await pause(began + forMs - performance.now());
  await Promise.all(busy.values());
  log(`${seconds(performance.now() - began)} all is mended`);
  return firstLossAt;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

async function hasAll(client: ChaosClient, closing: ReadonlyMap<string, number>): Promise<void> {
  for (const channel of client.record.channels)
    await client.met((entry) => entry.kind === 'event' && entry.number === closing.get(channel));
}

/** @throws Error that says how many are not there yet when time is up. */
async function everybody(
  clients: readonly ChaosClient[],
  what: string,
  ready: (client: ChaosClient) => Promise<void>,
): Promise<void> {
  const missing = new Set(clients.map(({ record }) => record.name));
  const all = Promise.all(
    clients.map(async (client) => {
      await ready(client);
      missing.delete(client.record.name);
    }),
  );
  await within(settleMs, `every stream ${what}`, all).catch((error: Error) => {
    throw new Error(`${error.message}; not so ${missing.size}: ${[...missing].slice(0, namedStreams).join(', ')} …`);
  });
}
