import type { Fact, Hop } from '../policy/index.ts';

type FactKey = Exclude<keyof Hop, 'target'>;

/** One line of the table of hops: a fact with its key. */
export interface NamedFact extends Fact<unknown> {
  readonly fact: FactKey;
}

type ValueOf<Known> = Known extends Fact<infer Value> | readonly Fact<infer Value>[] ? Value : never;

/** What a person calls each fact of a hop, and how its value reads, in the order of the table. */
const columns: { readonly [Key in FactKey]: readonly [name: string, show: (value: ValueOf<Hop[Key]>) => string] } = {
  idleTimers: ['idle timer', seconds],
  durationCaps: ['duration cap', seconds],
  buffering: ['buffers', yesOrNo],
  compression: ['compresses', yesOrNo],
  caching: ['caches', yesOrNo],
  headers: ['response headers', (headers) => `${Object.keys(headers).length} headers`],
  poolIdle: ['pool keeps idle', seconds],
  keepAlive: ['keeps connections', seconds],
  streamLimit: ['streams at most', String],
  streamsPerConnection: ['streams per connection', String],
  stickiness: ['affinity', (value) => (value === 'none' ? value : `${value.cookie}, ${seconds(value.seconds)}`)],
  refusals: ['refusals', String],
  logsQuery: ['logs the query', yesOrNo],
  propagation: ['propagation', seconds],
  stopWindow: ['stop to kill', seconds],
  reloadWindow: ['reload window', seconds],
  history: ['history', (value) => `${seconds(value.seconds)}, ${value.beforeNotice ? 'before' : 'after'} notice`],
  subscriberBuffer: ['subscriber buffer', (bytes) => `${bytes} bytes`],
  evictsHistory: ['evicts history', yesOrNo],
  scaleIn: ['scale-in', (pace) => `${seconds(pace.stabilization)}, one per ${seconds(pace.step)}`],
};

/** The known facts of a hop, one by one. */
export function factsOf(hop: Hop): readonly NamedFact[] {
  return (Object.keys(columns) as FactKey[]).flatMap((key) => {
    const known: Fact<unknown> | readonly Fact<unknown>[] | undefined = hop[key];
    return [known ?? []].flat().map((fact: Fact<unknown>) => ({ fact: key, ...fact }));
  });
}

/** Cells of the table: what it is, its value, and how and where the vendor spells it. */
export function cellsOf({ fact, value, setting, at }: NamedFact): readonly string[] {
  const [name, show] = columns[fact] as readonly [string, (value: unknown) => string];
  return [name, show(value), at === undefined ? setting : `${setting} (${at})`];
}

function seconds(value: number): string {
  return value === Number.POSITIVE_INFINITY ? 'no limit' : `${value} s`;
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
