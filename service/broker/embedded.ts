import {
  type Broker,
  type BrokerListener,
  type Cursor,
  type Draft,
  type History,
  KeyReused,
  type Once,
  onceMs,
  type Page,
  type Published,
  pageEvents,
  type StoredEvent,
} from './broker.ts';
import { newEpoch } from './cursor.ts';
import { nextPosition, positionOfTime, timeOfPosition } from './position.ts';

interface Log {
  readonly events: StoredEvent[];
  /** Every event of the channel after this position is in `events`. */
  since: number;
}

/** What was published under a key. */
interface Done {
  readonly fingerprint: string;
  readonly cursors: Published;
  readonly endsAt: number;
}

/** The broker inside the process: one replica, history in memory, gone with the process. */
export class EmbeddedBroker implements Broker {
  readonly connected = true;
  readonly lagSeconds = 0;
  readonly #history: History;
  readonly #now: () => number;
  readonly #epoch = newEpoch();
  readonly #logs = new Map<string, Log>();
  readonly #done = new Map<string, Done>();
  #last = 0;
  /** Of channels without a log, nothing is known up to here. */
  #forgotten = 0;
  #listener: BrokerListener | undefined;
  #sweeper: NodeJS.Timeout | undefined;

  /** `now` is the wall clock in milliseconds. */
  constructor(history: History, now: () => number = Date.now) {
    this.#history = history;
    this.#now = now;
  }

  async start(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(this.#history.replaySeconds, 60) * 1000);
    this.#sweeper.unref();
  }

  async publish(channel: string, drafts: readonly Draft[], once?: Once): Promise<Published> {
    return once ? this.#publishOnce(channel, drafts, once) : this.#publish(channel, drafts);
  }

  #publishOnce(channel: string, drafts: readonly Draft[], { key, fingerprint }: Once): Published {
    const name = `${channel} ${key}`;
    const known = this.#done.get(name);
    if (known === undefined || known.endsAt <= this.#now()) {
      const cursors = this.#publish(channel, drafts);
      this.#done.set(name, { fingerprint, cursors, endsAt: this.#now() + onceMs(this.#history) });
      return cursors;
    }
    if (known.fingerprint !== fingerprint) throw new KeyReused();
    return Object.assign([...known.cursors], { repeated: true });
  }

  #publish(channel: string, drafts: readonly Draft[]): Published {
    const log = this.#logOf(channel);
    const events = drafts.map(({ type, data }): StoredEvent => ({ channel, position: this.#next(), type, data }));
    for (const event of events) log.events.push(event);
    this.#trim(log);
    for (const event of events) this.#listener?.event(event);
    return events.map(({ position }) => ({ epoch: this.#epoch, position }));
  }

  async hold(): Promise<void> {}

  release(): void {}

  here(): Cursor {
    // Rising with the clock even when nothing happens keeps the cursors of quiet streams young.
    this.#last = Math.max(this.#last, positionOfTime(this.#now()));
    return { epoch: this.#epoch, position: this.#last };
  }

  async catchUp(): Promise<void> {}

  async replay(channels: readonly string[], after: number, upTo: number): Promise<Page> {
    const logs = channels.map((channel) => ({ channel, log: this.#logs.get(channel) }));
    const events = logs
      .flatMap(({ log }) => log?.events.slice(indexAfter(log.events, after), indexAfter(log.events, upTo)) ?? [])
      .sort((a, b) => a.position - b.position);
    const page = events.slice(0, pageEvents);
    return {
      events: page,
      upTo: events.length > page.length ? (page.at(-1)?.position ?? upTo) : upTo,
      evicted: logs.flatMap(({ channel, log }) => ((log?.since ?? this.#forgotten) > after ? [channel] : [])),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
  }

  #next(): number {
    this.#last = nextPosition(this.#last, this.#now());
    return this.#last;
  }

  #logOf(channel: string): Log {
    const known = this.#logs.get(channel);
    if (known) return known;
    const log: Log = { events: [], since: this.#forgotten };
    this.#logs.set(channel, log);
    return log;
  }

  #trim(log: Log): void {
    const { replaySeconds, replayMaxEvents } = this.#history;
    const oldest = positionOfTime(this.#now() - replaySeconds * 1000);
    const tooOld = indexAfter(log.events, oldest);
    // a tenth above the limit, then down to it: cutting off one event at a time would copy the log at each publish
    const tooMany = log.events.length > replayMaxEvents * 1.1 ? log.events.length - replayMaxEvents : 0;
    const gone = log.events.splice(0, Math.max(tooOld, tooMany));
    log.since = gone.at(-1)?.position ?? log.since;
  }

  /** Channels that nobody publishes to any more lose their history by age; what is known of it goes a day later. */
  #sweep(): void {
    const now = this.#now();
    for (const [name, { endsAt }] of this.#done) if (endsAt <= now) this.#done.delete(name);
    for (const [channel, log] of this.#logs) {
      this.#trim(log);
      if (log.events.length > 0 || timeOfPosition(log.since) > now - 86_400_000) continue;
      this.#forgotten = Math.max(this.#forgotten, log.since);
      this.#logs.delete(channel);
    }
  }
}

/** The index of the first event after a position. */
function indexAfter(events: readonly StoredEvent[], position: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle] as StoredEvent).position > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
