import {
  type CloseReason,
  controlEvents,
  drawMaxAgeMs,
  drawRetryMs,
  type GapReason,
  type StreamPolicy,
} from '../lib/policy/index.ts';
import { type Broker, type Cursor, type StoredEvent, StoreUnavailable } from './broker/broker.ts';
import { readCursor, writeCursor } from './broker/cursor.ts';
import { positionOfTime, timeOfPosition } from './broker/position.ts';
import { Control, controlChannel } from './control.ts';
import { Fanout } from './fanout/fanout.ts';
import type { Framing } from './fanout/frame.ts';
import type { Group, Outlet, Stream } from './fanout/stream.ts';
import { Replays } from './replays.ts';
import { Subscriptions, type Wanted } from './subscriptions.ts';
import type { HeartbeatKind, Notice } from './wires/wire.ts';
import { wires } from './wires/wires.ts';

/** What a client asks for. */
export interface StreamRequest extends Wanted {
  readonly heartbeat: HeartbeatKind;
  /** The cursor the client came with, as it came. */
  readonly lastEventId: string | undefined;
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** Whose stream it is; absent for an anonymous one. */
  readonly user: string | undefined;
  /** When its user's rights end, in milliseconds since 1970; the stream ends no later. */
  readonly expiresAt: number | undefined;
}

/** What a stream is opened with that listens to nothing. */
export interface QuietRequest extends Pick<StreamRequest, 'outlet' | 'framing' | 'user' | 'expiresAt'> {
  readonly heartbeat: HeartbeatKind | 'off';
}

/** What the delivery tells whoever counts. */
export interface DeliveryObserver {
  /** `resumed` when the client came with a cursor. */
  readonly opened?: (stream: ServiceStream, resumed: boolean) => void;
  /** `reason` is undefined when the client left. */
  readonly closed?: (stream: ServiceStream, reason: CloseReason | undefined) => void;
  readonly gap?: (reason: GapReason) => void;
  readonly replayed?: (events: number) => void;
  /** Time from an event's publish until every stream that could take it had been written to. */
  readonly latency?: (seconds: number) => void;
}

export type ServiceStream = Stream<StoredEvent>;
type ServiceGroup = Group<StoredEvent>;

const nothing = Buffer.alloc(0);
/** A stream that is sent nothing is told at least this often, while history is replaced once, where it stands. */
const marksPerHistory = 4;

/**
 * From the broker to the streams: opens a stream at its cursor, replays what it missed, lets it join the log of its
 * group, and says so where something is missing. Knows nothing of HTTP.
 */
export class Delivery {
  readonly fanout: Fanout<StoredEvent, CloseReason>;
  /** Streams are being handed over: not ready, and no new ones. */
  draining = false;
  /** What replicas tell each other. */
  readonly control: Control;
  readonly #broker: Broker;
  readonly #replays: Replays;
  readonly #subscriptions: Subscriptions;
  readonly #policy: StreamPolicy;
  readonly #observer: DeliveryObserver;
  readonly #replica: string;
  #opened = 0;
  #opening = 0;
  /** Streams by user, open or about to be. */
  readonly #byUser = new Map<string, number>();

  constructor(broker: Broker, policy: StreamPolicy, replica: string, observer: DeliveryObserver = {}) {
    this.#broker = broker;
    this.control = new Control(broker);
    this.#replays = new Replays(broker);
    this.#policy = policy;
    this.#replica = replica;
    this.#observer = observer;
    this.fanout = new Fanout<StoredEvent, CloseReason>({
      heartbeatMs: policy.heartbeatSeconds * 1000,
      heartbeat: (stream) => this.#heartbeat(stream),
      stallMs: policy.missedHeartbeats * policy.heartbeatSeconds * 1000,
      slowClientBytes: policy.slowClientBytes,
      reasons: { age: 'max-age', expired: 'token-expired', slow: 'slow' },
      mark: {
        events: Math.ceil(policy.replayMaxEvents / marksPerHistory),
        positions: positionOfTime((policy.replaySeconds * 1000) / marksPerHistory),
        bytes: ({ shape }, position) => wires[shape].mark(this.#cursorAt(position)),
      },
      goodbye: (reason, stream) => this.#goodbye(reason, stream.group),
      closed: (stream, reason) => {
        this.#count(stream.owner, -1);
        observer.closed?.(stream, reason);
      },
      swept: (position) => this.#measure(position),
      forgotten: (group) => {
        for (const channel of group.channels) broker.release(channel);
      },
    });
    this.#subscriptions = new Subscriptions(broker, this.fanout, this.control);
  }

  /** Begins to deliver. Resolves when the store has been reached; until then there is nothing to open streams on. */
  async start(): Promise<void> {
    await this.#broker.start({
      event: (event) => (event.channel === controlChannel ? this.control.heard(event) : this.fanout.append(event)),
      gap: (channels, reason) => {
        if (channels === 'all' || channels.includes(controlChannel)) this.control.missed();
        this.#announceGap(channels, reason);
      },
    });
    await this.control.listen();
  }

  /** Streams that are open, and those that are about to be. */
  get size(): number {
    return this.fanout.size + this.#opening;
  }

  /** Streams of a user on this replica, open or about to be. */
  streamsOf(user: string): number {
    return this.#byUser.get(user) ?? 0;
  }

  /**
   * Opens a stream, unless streams are being handed over. The outlet gets its first bytes as soon as the group is there,
   * and follows the log once it has been given what it missed. `register` is told of the stream before anything is
   * written, so that a client that leaves at once is noticed.
   *
   * @throws StoreUnavailable before anything was written, when the channels cannot be listened to.
   */
  async open(request: StreamRequest, register: (stream: ServiceStream) => void): Promise<ServiceStream | undefined> {
    const cursor = request.lastEventId === undefined ? undefined : readCursor(request.lastEventId);
    const stream = await this.#admit(request, cursor);
    if (stream === undefined) return undefined;
    this.#observer.opened?.(stream, request.lastEventId !== undefined);
    register(stream);
    if (request.lastEventId === undefined) this.#begin(stream);
    else await this.#resume(stream, request.lastEventId, cursor);
    return stream;
  }

  /**
   * A stream that listens to nothing and is written to by whoever opened it. It counts, beats, ages and ends like any
   * other; `undefined` while streams are being handed over.
   */
  async openQuiet(request: QuietRequest): Promise<ServiceStream | undefined> {
    const group = await this.#subscriptions.groupOf({ channels: [], types: [], shape: 'plain' });
    if (this.draining) return undefined;
    this.#count(request.user, 1);
    const stream = this.#enter(request, group);
    this.#observer.opened?.(stream, false);
    return stream;
  }

  async #admit(request: StreamRequest, cursor: Cursor | undefined): Promise<ServiceStream | undefined> {
    let stream: ServiceStream | undefined;
    this.#opening++;
    this.#count(request.user, 1);
    try {
      // A cursor ahead of this replica, or of a history it does not know, may be one that it has yet to hear of.
      if (cursor && this.#lossOf(cursor) !== undefined) await this.#broker.catchUp();
      const group = await this.#subscriptions.groupOf(request);
      // from here to the join nothing waits, where the ring has everything: nothing can come in between
      if (!this.draining) stream = this.#enter(request, group);
    } finally {
      this.#opening--;
      if (stream === undefined) this.#count(request.user, -1);
    }
    return stream;
  }

  #enter({ outlet, framing, heartbeat, user, expiresAt }: QuietRequest, group: ServiceGroup): ServiceStream {
    const ageMs = drawMaxAgeMs(this.#policy);
    const rightsMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - Date.now();
    return this.fanout.open({
      id: `${this.#replica}-${(++this.#opened).toString(36)}`,
      owner: user,
      group,
      outlet,
      framing,
      heartbeat,
      endsInMs: Math.min(ageMs, rightsMs),
      expires: rightsMs < ageMs,
    });
  }

  #count(user: string | undefined, change: 1 | -1): void {
    if (user === undefined) return;
    const streams = this.streamsOf(user) + change;
    if (streams > 0) this.#byUser.set(user, streams);
    else this.#byUser.delete(user);
  }

  /** Ends all streams of a user on this replica. */
  endUser(user: string, reason: CloseReason): void {
    this.fanout.closeOf(user, reason);
  }

  /** Ends all streams evenly over a window; no new ones are opened. */
  drain(windowMs: number): Promise<void> {
    this.draining = true;
    return this.fanout.drain(windowMs, 'drain');
  }

  async close(): Promise<void> {
    this.fanout.stop();
    await this.#broker.close();
  }

  #cursorAt(position: number): string {
    return writeCursor({ epoch: this.#broker.here().epoch, position });
  }

  /** A stream without a cursor begins with the next event. */
  #begin(stream: ServiceStream): void {
    const { ring } = stream.group;
    this.#welcome(stream, writeCursor(this.#broker.here()));
    this.fanout.join(stream, ring.head);
  }

  async #resume(stream: ServiceStream, lastEventId: string, cursor: Cursor | undefined): Promise<void> {
    const lost = this.#lossOf(cursor);
    // Every response begins with an id: a client that is cut before its first event must not come back with none.
    this.#welcome(stream, cursor ? lastEventId : this.#cursorAt(0));
    try {
      if (lost || !cursor) await this.#replayAll(stream, lastEventId, lost ?? 'epoch');
      else await this.#replay(stream, cursor.position, lastEventId);
    } catch (error) {
      // the head is out: what is left is to send the client away in good order
      this.fanout.close(stream, 'store-lost');
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** Why a cursor means nothing here, if it does not. */
  #lossOf(cursor: Cursor | undefined): GapReason | undefined {
    const here = this.#broker.here();
    if (cursor === undefined || cursor.epoch !== here.epoch) return 'epoch';
    return cursor.position > here.position ? 'store-lost' : undefined;
  }

  /** To a client whose cursor means nothing: the gap, then all there is. */
  #replayAll(stream: ServiceStream, requested: string, reason: GapReason): Promise<void> {
    this.#tellGap(stream, stream.group.channels, requested, reason, this.#cursorAt(0));
    return this.#replay(stream, 0);
  }

  /**
   * From the ring where it reaches back far enough, else page by page from the history until it does. Evictions are
   * told to who asked from a cursor; without one the client knows of its gap already.
   */
  async #replay(stream: ServiceStream, from: number, requested?: string): Promise<void> {
    const { group } = stream;
    const { epoch } = this.#broker.here();
    // the store began another history while it was read: positions of the one do not compare with the other's
    const outdated = (): boolean => this.#broker.here().epoch !== epoch;
    let after = from;
    let told: readonly string[] = [];
    while (!stream.closed) {
      if (outdated()) return this.#replayAll(stream, requested ?? this.#cursorAt(0), 'store-lost');
      const index = group.ring.indexAfter(after);
      if (index !== undefined) {
        this.#observer.replayed?.(group.ring.head - index);
        this.fanout.join(stream, index);
        return;
      }
      const page = await this.#replays.read(group, after);
      if (outdated()) continue;
      const news = page.evicted.filter((channel) => !told.includes(channel));
      if (news.length > 0 && requested !== undefined) this.#tellGap(stream, news, requested, 'evicted');
      told = [...told, ...news];
      this.#observer.replayed?.(page.events);
      for (const portion of page.portions) {
        this.fanout.write(stream, portion);
        await this.fanout.writable(stream);
      }
      this.fanout.delivered += page.events;
      after = page.upTo;
    }
  }

  #welcome(stream: ServiceStream, id: string): void {
    const { heartbeatSeconds, maxStreamAgeSeconds } = this.#policy;
    const data = { stream: stream.id, heartbeatSeconds, maxAgeSeconds: maxStreamAgeSeconds };
    this.#say(stream, { retryMs: drawRetryMs(this.#policy), id, type: controlEvents.open, data });
  }

  #tellGap(
    stream: ServiceStream,
    channels: readonly string[],
    requested: string,
    reason: GapReason,
    id?: string,
  ): void {
    const data = { channels, requested, reason };
    this.#say(stream, { id, type: controlEvents.gap, data });
    this.#observer.gap?.(reason);
  }

  #say(stream: ServiceStream, notice: Notice): void {
    this.fanout.write(stream, wires[stream.group.shape].notice(notice));
  }

  /** A gap that the replica itself has met: everybody who listens to these channels is told, in the order of the log. */
  #announceGap(channels: readonly string[] | 'all', reason: GapReason): void {
    const { position } = this.#broker.here();
    const id = this.#cursorAt(position);
    // a new history: what the logs hold is from the old one, and its positions do not compare
    if (channels === 'all') this.fanout.reset(position);
    // one further than here: whoever resumes at `id` meets the notice, and no event of its channels stands in between
    this.fanout.announce(channels, position + 1, (group) => {
      const concerned =
        channels === 'all' ? group.channels : group.channels.filter((channel) => channels.includes(channel));
      const data = { channels: concerned, requested: id, reason };
      return wires[group.shape].notice({ id, type: controlEvents.gap, data });
    });
    this.#observer.gap?.(reason);
  }

  /** Notices of a gap stand in the logs too, and the first of a new history has no time. */
  #measure(position: number): void {
    const published = timeOfPosition(position);
    if (published > 0) this.#observer.latency?.(Math.max(0, Date.now() - published) / 1000);
  }

  #heartbeat({ group, heartbeat, framing }: ServiceStream): Buffer {
    if (heartbeat === 'off') return nothing;
    return wires[group.shape].heartbeat(heartbeat, framing, this.#broker.connected ? 'usual' : 'storeLost');
  }

  #goodbye(reason: CloseReason, { shape }: ServiceGroup): Buffer {
    const retryMs = drawRetryMs(this.#policy);
    return wires[shape].notice({ retryMs, type: controlEvents.close, data: { reason } });
  }
}
