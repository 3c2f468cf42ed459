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
import { timeOfPosition } from './broker/position.ts';
import { Fanout } from './fanout/fanout.ts';
import { type Framing, frame, heartbeats } from './fanout/frame.ts';
import type { Group, Outlet, Stream, Subscription } from './fanout/stream.ts';
import { Replays } from './replays.ts';

/** What a client asks for. */
export interface StreamRequest {
  readonly channels: readonly string[];
  /** Only events of these types; empty for all. */
  readonly types: readonly string[];
  /** Data is `{"channel","type","data"}`. */
  readonly envelope: boolean;
  readonly heartbeat: 'comment' | 'event';
  /** The cursor the client came with, as it came. */
  readonly lastEventId: string | undefined;
  readonly outlet: Outlet;
  readonly framing: Framing;
}

/** What the delivery tells whoever counts. */
export interface DeliveryObserver {
  readonly opened?: (stream: ServiceStream) => void;
  /** `reason` is undefined when the client left. */
  readonly closed?: (stream: ServiceStream, reason: CloseReason | undefined) => void;
  readonly gap?: (reason: GapReason) => void;
  readonly replayed?: (events: number) => void;
  /** Time from an event's publish until every stream that could take it had been written to. */
  readonly latency?: (seconds: number) => void;
}

export type ServiceStream = Stream<StoredEvent>;
type ServiceGroup = Group<StoredEvent>;

/**
 * From the broker to the streams: opens a stream at its cursor, replays what it missed, lets it join the log of its
 * group, and says so where something is missing. Knows nothing of HTTP.
 */
export class Delivery {
  readonly fanout: Fanout<StoredEvent, CloseReason>;
  /** Streams are being handed over: not ready, and no new ones. */
  draining = false;
  readonly #broker: Broker;
  readonly #replays: Replays;
  readonly #policy: StreamPolicy;
  readonly #observer: DeliveryObserver;
  readonly #replica: string;
  #opened = 0;
  #opening = 0;

  constructor(broker: Broker, policy: StreamPolicy, replica: string, observer: DeliveryObserver = {}) {
    this.#broker = broker;
    this.#replays = new Replays(broker);
    this.#policy = policy;
    this.#replica = replica;
    this.#observer = observer;
    this.fanout = new Fanout<StoredEvent, CloseReason>({
      heartbeatMs: policy.heartbeatSeconds * 1000,
      stallMs: policy.missedHeartbeats * policy.heartbeatSeconds * 1000,
      slowClientBytes: policy.slowClientBytes,
      reasons: { age: 'max-age', slow: 'slow' },
      goodbye: (reason) => this.#goodbye(reason),
      closed: (stream, reason) => observer.closed?.(stream, reason),
      swept: (position) => this.#measure(position),
      forgotten: (group) => {
        for (const channel of group.channels) broker.release(channel);
      },
    });
  }

  /** Begins to deliver. Resolves when the store has been reached; until then there is nothing to open streams on. */
  start(): Promise<void> {
    return this.#broker.start({
      event: (event) => this.fanout.append(event),
      gap: (channels, reason) => this.#announceGap(channels, reason),
    });
  }

  /** Streams that are open, and those that are about to be. */
  get size(): number {
    return this.fanout.size + this.#opening;
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
    this.#opening++;
    let group: ServiceGroup;
    try {
      // A cursor ahead of this replica, or of a history it does not know, may be one that it has yet to hear of.
      if (cursor && this.#lossOf(cursor) !== undefined) await this.#broker.catchUp();
      group = this.fanout.groupOf(keyOf(request)) ?? (await this.#createGroup(request));
    } finally {
      this.#opening--;
    }
    // from here to the join nothing waits, where the ring has everything: nothing can come in between
    if (this.draining) return undefined;
    const stream = this.fanout.open({
      id: `${this.#replica}-${(++this.#opened).toString(36)}`,
      group,
      outlet: request.outlet,
      framing: request.framing,
      heartbeat: heartbeats[request.heartbeat][request.framing],
      maxAgeMs: drawMaxAgeMs(this.#policy),
    });
    register(stream);
    this.#observer.opened?.(stream);
    if (request.lastEventId === undefined) this.#begin(stream);
    else await this.#resume(stream, request.lastEventId, cursor);
    return stream;
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

  async #createGroup(request: StreamRequest): Promise<ServiceGroup> {
    const { channels } = request;
    const held = await Promise.allSettled(channels.map((channel) => this.#broker.hold(channel)));
    const failed = held.find((one) => one.status === 'rejected');
    // somebody else may have created it meanwhile; then that one's holds are enough
    const existing = this.fanout.groupOf(keyOf(request));
    if (failed || existing) {
      for (const [index, one] of held.entries())
        if (one.status === 'fulfilled') this.#broker.release(channels[index] as string);
    }
    if (failed) throw failed.reason;
    return existing ?? this.fanout.createGroup(this.#subscription(request), this.#broker.here().position);
  }

  #subscription(request: StreamRequest): Subscription<StoredEvent> {
    const { channels, types, envelope } = request;
    return {
      key: keyOf(request),
      channels,
      accepts: types.length === 0 ? () => true : (event) => types.includes(event.type ?? 'message'),
      frame: (event) => Buffer.from(this.#frameOf(event, envelope)),
    };
  }

  #frameOf({ channel, position, type, data }: StoredEvent, envelope: boolean): string {
    const payload = envelope
      ? `{"channel":${JSON.stringify(channel)},"type":${JSON.stringify(type ?? 'message')},"data":${data}}`
      : data;
    return frame({ id: this.#cursorAt(position), ...(type !== undefined && { type }), data: payload });
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
    const data = JSON.stringify({ stream: stream.id, heartbeatSeconds, maxAgeSeconds: maxStreamAgeSeconds });
    this.fanout.write(
      stream,
      Buffer.from(frame({ retryMs: drawRetryMs(this.#policy), id, type: controlEvents.open, data })),
    );
  }

  #tellGap(
    stream: ServiceStream,
    channels: readonly string[],
    requested: string,
    reason: GapReason,
    id?: string,
  ): void {
    const data = JSON.stringify({ channels, requested, reason });
    this.fanout.write(stream, Buffer.from(frame({ ...(id !== undefined && { id }), type: controlEvents.gap, data })));
    this.#observer.gap?.(reason);
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
      return Buffer.from(
        frame({ id, type: controlEvents.gap, data: JSON.stringify({ channels: concerned, requested: id, reason }) }),
      );
    });
    this.#observer.gap?.(reason);
  }

  /** Notices of a gap stand in the logs too, and the first of a new history has no time. */
  #measure(position: number): void {
    const published = timeOfPosition(position);
    if (published > 0) this.#observer.latency?.(Math.max(0, Date.now() - published) / 1000);
  }

  #goodbye(reason: CloseReason): Buffer {
    return Buffer.from(
      frame({ retryMs: drawRetryMs(this.#policy), type: controlEvents.close, data: JSON.stringify({ reason }) }),
    );
  }
}

/** Equal subscriptions, equal key: order and repetition make no difference. */
function keyOf({ channels, types, envelope }: Pick<StreamRequest, 'channels' | 'types' | 'envelope'>): string {
  return JSON.stringify([[...channels].sort(), [...types].sort(), envelope]);
}
