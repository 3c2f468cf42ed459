import { randomUUID } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { fullJitterMs } from '../../lib/policy/index.ts';
import {
  type Broker,
  type BrokerListener,
  type Cursor,
  type Draft,
  type History,
  type Page,
  StoreUnavailable,
} from './broker.ts';
import { newEpoch } from './cursor.ts';
import { Intake } from './intake.ts';
import { eventOf, readPage } from './redis-history.ts';
import { beatTopic, channelOf, epochKey, lastKey, logKey, tailKey, topic } from './redis-keys.ts';
import { beatScript, publishScript } from './scripts.ts';

/** The publish script and the beat, as ioredis adds them to a client. */
interface Scripts {
  publishEvents(...args: (string | number)[]): Promise<string[]>;
  beat(...args: (string | number)[]): Promise<number>;
}

export interface RedisBrokerOptions {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Told of each connection error; ioredis reconnects by itself. */
  readonly onError?: (error: Error) => void;
}

/** How often a replica makes sure that it still hears, and how long it may wait for its own beat. */
const beatMs = 1000;
const deafMs = 3000;
/** A command that takes longer has lost its connection, or its server. */
const commandMs = 2000;
const reconnect = { baseMs: 100, capMs: 2000 };
const day = 86_400_000;

/** A channel this replica listens to: how often it is wanted, and when it is heard for sure. */
interface Hold {
  count: number;
  readonly heard: Promise<void>;
}

interface Beat {
  readonly nonce: string;
  readonly heard: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The broker over Redis or Valkey: a stream per channel as history, pub/sub as notice, both written by one script. One
 * connection commands, one listens. Positions in notices let a replica see holes; its own beat tells it where it stands
 * and whether it still hears.
 */
export class RedisBroker implements Broker {
  readonly #history: History;
  readonly #commands: Redis & Scripts;
  readonly #subscriber: Redis;
  readonly #beatTopic = beatTopic(randomUUID());
  readonly #tailMs: number;
  readonly #holds = new Map<string, Hold>();
  #intake: Intake | undefined;
  readonly #beats = new Map<string, Beat>();
  #nextBeat: Beat | undefined;
  #beatTimer: NodeJS.Timeout | undefined;
  #hears = false;
  #checking = false;

  constructor({ url, username, password, onError = () => {} }: RedisBrokerOptions, history: History) {
    this.#history = history;
    this.#tailMs = Math.max(day, 10 * history.replaySeconds * 1000);
    const options = {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      autoResubscribe: false,
      // a publish that may have happened must not be sent again by itself
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: commandMs,
      connectTimeout: commandMs,
      retryStrategy: (attempt: number) => Math.max(20, fullJitterMs(attempt - 1, reconnect)),
      // after a failover the old primary may come back as a replica: leave it
      reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    } satisfies RedisOptions;
    const commands = new Redis(url, options);
    commands.defineCommand('publishEvents', { numberOfKeys: 5, lua: publishScript });
    commands.defineCommand('beat', { numberOfKeys: 3, lua: beatScript });
    this.#commands = commands as Redis & Scripts;
    this.#subscriber = new Redis(url, { ...options, enableAutoPipelining: false });
    this.#commands.on('error', onError);
    this.#subscriber.on('error', onError);
  }

  get connected(): boolean {
    return this.#hears && this.#commands.status === 'ready';
  }

  async start(listener: BrokerListener): Promise<void> {
    this.#intake = new Intake(listener, (channels, after, upTo) => this.replay(channels, after, upTo));
    this.#subscriber.on('message', (name: string, message: string) => this.#heard(name, message));
    this.#subscriber.on('close', () => this.#lost());
    const heard = new Promise<void>((resolve) => this.#subscriber.on('ready', () => void this.#resubscribe(resolve)));
    for (const client of [this.#commands, this.#subscriber]) client.connect().catch(() => {});
    this.#beatTimer = setInterval(() => void this.#check(), beatMs);
    this.#beatTimer.unref();
    await heard;
  }

  async publish(channel: string, drafts: readonly Draft[]): Promise<readonly Cursor[]> {
    const { replayMaxEvents, replaySeconds } = this.#history;
    const keys = [lastKey, epochKey, logKey(channel), tailKey(channel), topic(channel)];
    const limits = [newEpoch(), replayMaxEvents, replaySeconds * 1000, this.#tailMs];
    const events = drafts.flatMap(({ type, data }) => [type ?? '', data]);
    const [epoch = '', ...positions] = await available(this.#commands.publishEvents(...keys, ...limits, ...events));
    return positions.map((position) => ({ epoch, position: Number(position) }));
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
    // a connection that is away has no subscriptions left to give up
    this.#subscriber.unsubscribe(topic(channel)).catch(() => {});
  }

  here(): Cursor {
    return this.#intake?.here ?? { epoch: '', position: 0 };
  }

  /** Everybody who asks in one turn of the loop shares a beat; a later one could not cover what they subscribed to. */
  async catchUp(): Promise<void> {
    if (this.#nextBeat === undefined) {
      this.#nextBeat = this.#sendBeat();
      this.#beats.set(this.#nextBeat.nonce, this.#nextBeat);
      queueMicrotask(() => {
        this.#nextBeat = undefined;
      });
    }
    const { nonce, heard } = this.#nextBeat;
    try {
      await available(heard);
    } finally {
      this.#beats.delete(nonce);
    }
  }

  replay(channels: readonly string[], after: number, upTo: number): Promise<Page> {
    return available(readPage(this.#commands, { channels, after, upTo, tailMs: this.#tailMs }));
  }

  async close(): Promise<void> {
    clearInterval(this.#beatTimer);
    this.#subscriber.removeAllListeners('close');
    this.#subscriber.disconnect();
    this.#commands.disconnect();
  }

  async #listenTo(channel: string, isHeld: () => boolean): Promise<void> {
    await available(this.#subscriber.subscribe(topic(channel)));
    await this.catchUp();
    if (isHeld()) this.#intake?.attend(channel);
  }

  #sendBeat(): Beat {
    const nonce = randomUUID();
    let resolve = (): void => {};
    let reject = (_error: Error): void => {};
    const heard = new Promise<void>((heardIt, failed) => {
      resolve = heardIt;
      reject = failed;
      setTimeout(() => reject(new Error(`no beat within ${deafMs} ms`)), deafMs).unref();
      const { epoch, position } = this.here();
      this.#commands.beat(lastKey, epochKey, this.#beatTopic, newEpoch(), epoch, position, nonce).catch(reject);
    });
    return { nonce, heard, resolve, reject };
  }

  #heard(name: string, message: string): void {
    if (name === this.#beatTopic) {
      const [epoch = '', position = '', nonce = ''] = message.split(' ');
      this.#intake?.beat({ epoch, position: Number(position) }, () => this.#beats.get(nonce)?.resolve());
      return;
    }
    const headEnd = message.indexOf('\n');
    const [epoch = '', position = '', previous = '', ...type] = message.slice(0, headEnd).split(' ');
    const event = eventOf(channelOf(name), Number(position), type.join(' '), message.slice(headEnd + 1));
    this.#intake?.event(epoch, event, Number(previous));
  }

  #lost(): void {
    this.#hears = false;
    this.#intake?.interrupt();
    for (const beat of this.#beats.values()) beat.reject(new Error('the subscription was interrupted'));
  }

  /** After each connect: all channels again, then a beat, which shows how far to catch up. */
  async #resubscribe(heard: () => void): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#beatTopic, ...[...this.#holds.keys()].map(topic));
      await this.catchUp();
      this.#hears = true;
      heard();
    } catch {
      this.#subscriber.disconnect(true);
    }
  }

  /** A subscriber that is connected but deaf gets a new connection. */
  async #check(): Promise<void> {
    if (this.#checking || this.#subscriber.status !== 'ready' || this.#commands.status !== 'ready') return;
    this.#checking = true;
    try {
      await this.catchUp();
      this.#hears = true;
    } catch {
      this.#hears = false;
      if (this.#subscriber.status === 'ready' && this.#commands.status === 'ready') this.#subscriber.disconnect(true);
    } finally {
      this.#checking = false;
    }
  }
}

/** Whatever went wrong with the store, the caller is told the same: nothing happened, try again later. */
async function available<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new StoreUnavailable(error);
  }
}
