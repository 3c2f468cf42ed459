import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { available } from './available.ts';
import { Beats, beatMs, Deaf } from './beats.ts';
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
} from './broker.ts';
import { newEpoch } from './cursor.ts';
import { Intake } from './intake.ts';
import { timeOfPosition } from './position.ts';
import { disconnect, type RedisConnection } from './redis-connection.ts';
import { eventOf, readPage } from './redis-history.ts';
import { epochKey, lastKey, logKey, lostKey, onceKey, type Topics, tailKey, topicsIn } from './redis-keys.ts';
import { beatScript, publishOnceScript, publishScript } from './scripts.ts';
import { type Testimony, Witness } from './witness.ts';

/** The scripts, as ioredis adds them to a client. */
interface Scripts {
  publishEvents(...args: (string | number)[]): Promise<string[]>;
  publishOnce(...args: (string | number)[]): Promise<string[]>;
  beat(...args: (string | number)[]): Promise<number>;
}

const day = 86_400_000;
/** Channels in one command: the store must not be held up, nor the answer come too late. */
const channelsPerSubscribe = 1000;

/** A channel this replica listens to: how often it is wanted, and when it is heard for sure. */
interface Hold {
  count: number;
  readonly heard: Promise<void>;
}

/**
 * The broker over Redis or Valkey: a stream per channel as history, pub/sub as notice, both written by one script. One
 * connection commands, one listens. Positions in notices let a replica see holes; its own beat tells it where it stands
 * and whether it still hears.
 */
export class RedisBroker implements Broker {
  readonly #history: History;
  readonly #connection: RedisConnection;
  readonly #commands: Redis & Scripts;
  readonly #topics: Topics;
  readonly #beatTopic: string;
  readonly #tailMs: number;
  readonly #holds = new Map<string, Hold>();
  readonly #beats = new Beats((nonce) => this.#sendBeat(nonce));
  readonly #answered = new Witness();
  readonly #overheard = new Witness();
  #intake: Intake | undefined;
  #beatTimer: NodeJS.Timeout | undefined;
  /** The subscriber's connection listens to all that is held. */
  #subscribed = false;
  #hears = false;
  #checking = false;

  constructor(connection: RedisConnection, history: History) {
    const { commands, sharded, database } = connection;
    this.#history = history;
    this.#connection = connection;
    this.#topics = topicsIn(database);
    this.#beatTopic = this.#topics.beatOf(randomUUID());
    this.#tailMs = Math.max(day, 10 * history.replaySeconds * 1000);
    const notify = sharded ? 'SPUBLISH' : 'PUBLISH';
    commands.defineCommand('publishEvents', { numberOfKeys: 5, lua: publishScript(notify) });
    commands.defineCommand('publishOnce', { numberOfKeys: 6, lua: publishOnceScript(notify) });
    commands.defineCommand('beat', { numberOfKeys: 8, lua: beatScript(notify) });
    this.#commands = commands as Redis & Scripts;
  }

  get connected(): boolean {
    return this.#hears && this.#commands.status === 'ready';
  }

  get lagSeconds(): number {
    return this.#beats.lagSeconds;
  }

  async start(listener: BrokerListener): Promise<void> {
    const { commands, subscriber } = this.#connection;
    this.#intake = new Intake(listener, (channels, after, upTo) => this.replay(channels, after, upTo));
    for (const event of ['message', 'smessage'])
      subscriber.on(event, (name: string, message: string) => this.#heard(name, message));
    subscriber.on('close', () => this.#lost());
    commands.on('close', () => this.#answered.interrupted());
    const reached = new Promise<void>((resolve) => {
      const check = (): void => void this.#check().then(() => this.#hears && resolve());
      for (const client of [commands, subscriber]) client.on('ready', check);
      this.#beatTimer = setInterval(check, beatMs).unref();
    });
    for (const client of [commands, subscriber]) client.connect().catch(() => {});
    await reached;
  }

  async publish(channel: string, drafts: readonly Draft[], once?: Once): Promise<Published> {
    const { replayMaxEvents, replaySeconds } = this.#history;
    const keys = [lastKey, epochKey, logKey(channel), tailKey(channel), this.#topics.of(channel)];
    const limits = [newEpoch(), replayMaxEvents, replaySeconds * 1000, this.#tailMs];
    const events = drafts.flatMap(({ type, data }) => [type ?? '', data]);
    if (once) return this.#publishOnce(channel, [...limits, ...events], keys, once, drafts.length);
    const answer = this.#commands.publishEvents(...keys, ...limits, ...events);
    return this.#accepted(channel, await available(answer, this.#connection.onError));
  }

  hold(channel: string): Promise<void> {
    const known = this.#holds.get(channel);
    if (known) {
      known.count++;
      return known.heard;
    }
    const held: Hold = { count: 1, heard: this.#listenTo(channel, () => this.#holds.get(channel) === held) };
    this.#holds.set(channel, held);
    // a hold that failed holds nothing, and the next one tries again
    held.heard.catch(() => this.#holds.get(channel) === held && this.#holds.delete(channel));
    return held.heard;
  }

  release(channel: string): void {
    const held = this.#holds.get(channel);
    if (held === undefined || --held.count > 0) return;
    this.#holds.delete(channel);
    this.#intake?.forget(channel);
    const { subscriber, sharded } = this.#connection;
    const topic = this.#topics.of(channel);
    // a connection that is away has no subscriptions left to give up
    (sharded ? subscriber.sunsubscribe(topic) : subscriber.unsubscribe(topic)).catch(() => {});
  }

  here(): Cursor {
    return this.#intake?.here ?? { epoch: '', position: 0 };
  }

  catchUp(): Promise<void> {
    return available(this.#beats.next().done);
  }

  replay(channels: readonly string[], after: number, upTo: number): Promise<Page> {
    return available(readPage(this.#commands, { channels, after, upTo, tailMs: this.#tailMs }));
  }

  async close(): Promise<void> {
    clearInterval(this.#beatTimer);
    const { commands, subscriber } = this.#connection;
    for (const client of [commands, subscriber]) client.removeAllListeners('ready');
    subscriber.removeAllListeners('close');
    for (const client of [subscriber, commands]) disconnect(client);
    this.#lost();
  }

  async #publishOnce(
    channel: string,
    args: readonly (string | number)[],
    keys: readonly string[],
    { key, fingerprint }: Once,
    count: number,
  ): Promise<Published> {
    const once = [fingerprint, onceMs(this.#history)];
    const asked = this.#commands.publishOnce(...keys, onceKey(channel, key), ...once, ...args);
    const answer = await available(asked, this.#connection.onError);
    if (answer[0] !== '') return this.#accepted(channel, answer);
    const [, before, epoch = '', first] = answer;
    if (before !== fingerprint) throw new KeyReused();
    const cursors = Array.from({ length: count }, (_, index) => ({ epoch, position: Number(first) + index }));
    return Object.assign(cursors, { repeated: true });
  }

  #accepted(channel: string, [epoch = '', ...positions]: readonly string[]): Published {
    const cursors = positions.map((position) => ({ epoch, position: Number(position) }));
    this.#answered.saw(epoch, channel, cursors.at(-1)?.position ?? 0);
    return cursors;
  }

  async #listenTo(channel: string, isHeld: () => boolean): Promise<void> {
    await available(this.#subscribe([this.#topics.of(channel)]));
    await this.catchUp();
    if (isHeld()) this.#intake?.attend(channel);
  }

  async #subscribe(topics: readonly string[]): Promise<void> {
    const { subscriber, sharded } = this.#connection;
    for (let from = 0; from < topics.length; from += channelsPerSubscribe) {
      const some = topics.slice(from, from + channelsPerSubscribe);
      await (sharded ? subscriber.ssubscribe(...some) : subscriber.subscribe(...some));
    }
  }

  async #sendBeat(nonce: string): Promise<void> {
    const { epoch, position } = this.here();
    const witnesses = [this.#answered, this.#overheard];
    const told = witnesses.map(({ testimony }) => testimony);
    const keys = [lastKey, epochKey, this.#beatTopic, lostKey];
    const sought = told.flatMap(({ channel }) => [logKey(channel), tailKey(channel)]);
    const args = [newEpoch(), epoch, position, nonce, this.#tailMs, ...told.map((one) => this.#positionOf(one, epoch))];
    await this.#commands.beat(...keys, ...sought, ...args);
    for (const [index, one] of told.entries()) witnesses[index]?.confirmed(one);
  }

  /** A witness speaks of its own history only, and not for longer than the store keeps what it would confirm. */
  #positionOf({ epoch, position }: Testimony, current: string): number {
    return epoch === current && timeOfPosition(position) > Date.now() - this.#tailMs / 2 ? position : 0;
  }

  #heard(name: string, message: string): void {
    if (name === this.#beatTopic) {
      const [epoch = '', position = '', nonce = '', lost = ''] = message.split(' ');
      this.#beats.heard(nonce);
      const done = (error?: Error): void => this.#beats.done(nonce, error);
      this.#intake?.beat({ epoch, position: Number(position) }, done, Number(lost));
      return;
    }
    const headEnd = message.indexOf('\n');
    const [epoch = '', position = '', previous = '', ...type] = message.slice(0, headEnd).split(' ');
    const channel = this.#topics.channelOf(name);
    const event = eventOf(channel, Number(position), type.join(' '), message.slice(headEnd + 1));
    this.#overheard.saw(epoch, channel, event.position);
    this.#intake?.event(epoch, event, Number(previous));
  }

  #lost(): void {
    this.#overheard.interrupted();
    this.#hears = false;
    this.#subscribed = false;
    this.#intake?.interrupt();
    this.#beats.interrupt();
  }

  /**
   * Each second, and as soon as a connection is ready: listens to all channels if that is still to be done, then sends a
   * beat, which shows how far to catch up. A subscriber that is connected but deaf gets a new connection.
   */
  async #check(): Promise<void> {
    const { commands, subscriber, settled, onError } = this.#connection;
    if (commands.status !== 'ready') return;
    if (subscriber.status !== 'ready' || this.#checking) {
      // for the store alone: a promoted copy must not give out positions that are in use
      this.#beats.next();
      return;
    }
    this.#checking = true;
    try {
      if (!this.#subscribed) await this.#resubscribe();
      const beat = this.#beats.next();
      await beat.heard;
      await beat.done;
      this.#hears = true;
      settled();
    } catch (error) {
      this.#hears = false;
      // of a connection that is gone the client tells by itself
      if (commands.status === 'ready') onError(error as Error);
      const deaf = error instanceof Deaf || !this.#subscribed;
      if (deaf && subscriber.status === 'ready' && commands.status === 'ready') subscriber.disconnect(true);
    } finally {
      this.#checking = false;
    }
  }

  async #resubscribe(): Promise<void> {
    await this.#subscribe([this.#beatTopic, ...[...this.#holds.keys()].map(this.#topics.of)]);
    this.#subscribed = true;
  }
}
