import { framed } from './frame.ts';
import { Goodbyes } from './goodbyes.ts';
import { Groups } from './groups.ts';
import type { FanoutOptions, Opening } from './options.ts';
import { Ring, type RingLimits } from './ring.ts';
import { type Event, type Group, nowhere, type Stream, type Subscription } from './stream.ts';
import { Sweeper } from './sweeper.ts';
import { Wheel } from './wheel.ts';

/** After a drain, goodbyes have this long to be sent. */
const drainedMs = 1000;

/**
 * The fan-out core: one log per group of equal subscriptions and a cursor per stream. A publish appends to the logs of
 * the groups that hold its channel and schedules a sweep; a sweep takes each stream from its index to the head with
 * bytes that all streams at that index share. Nothing is queued per stream, and no stream has a timer of its own.
 */
export class Fanout<E extends Event, Reason extends string> {
  /** Events handed to streams since the start. */
  delivered = 0;
  readonly #options: FanoutOptions<E, Reason>;
  readonly #now: () => number;
  readonly #limits: RingLimits;
  readonly #groups = new Groups<E>();
  readonly #streams = new Set<Stream<E>>();
  readonly #wheel: Wheel<Stream<E>>;
  readonly #ticker: NodeJS.Timeout;
  readonly #goodbyes = new Goodbyes();
  readonly #sweeper: Sweeper<E>;
  /** Streams that go over to another group as soon as they have everything of theirs. */
  readonly #moves = new Map<Stream<E>, Group<E>>();

  constructor(options: FanoutOptions<E, Reason>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#limits = {
      entries: 16_384,
      bytes: 2 * options.slowClientBytes,
      batchBytes: Math.min(262_144, options.slowClientBytes),
    };
    const tickMs = Math.max(10, Math.min(250, options.heartbeatMs / 20));
    this.#wheel = new Wheel({
      horizonMs: options.heartbeatMs,
      tickMs,
      now: this.#now(),
      turn: (stream, now) => this.#turn(stream, now),
    });
    this.#sweeper = new Sweeper({
      deliver: (stream, now) => this.#deliver(stream, now),
      swept: options.swept,
      now: this.#now,
    });
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    this.#ticker.unref();
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Ends all streams of an owner. */
  closeOf(owner: string, reason: Reason): void {
    for (const stream of this.#streams) if (stream.owner === owner) this.close(stream, reason);
  }

  streamOf(id: string): Stream<E> | undefined {
    for (const stream of this.#streams) if (stream.id === id) return stream;
    return undefined;
  }

  /** Streams that listen to a channel. */
  listenersOf(channel: string): number {
    let streams = 0;
    for (const group of this.#groups.holding(channel)) streams += group.streams.length;
    return streams;
  }

  get groups(): Iterable<Group<E>> {
    return this.#groups.all();
  }

  groupOf(key: string): Group<E> | undefined {
    return this.#groups.of(key);
  }

  /** A new group whose log begins after `since`. */
  createGroup(subscription: Subscription<E>, since: number): Group<E> {
    const group: Group<E> = {
      ...subscription,
      ring: new Ring(since, this.#limits),
      streams: [],
      swept: 0,
      passed: 0,
      dirty: false,
    };
    this.#groups.add(group, this.#now());
    return group;
  }

  /** A stream of a group that takes part in nothing but heartbeats until it joins the log. */
  open({ id, owner, group, outlet, framing, heartbeat, endsInMs, expires }: Opening<E>): Stream<E> {
    const now = this.#now();
    // all properties in one literal: objects made by spreading end up as slow dictionaries, one hidden class each
    const opened: Stream<E> = {
      id,
      owner,
      group,
      outlet,
      framing,
      heartbeat,
      openedAt: now,
      endsAt: now + endsInMs,
      expires,
      next: undefined,
      place: group.streams.length,
      blocked: false,
      closed: false,
      catchingUp: true,
      writtenAt: now,
      waiting: undefined,
    };
    opened.group.streams.push(opened);
    this.#groups.entered(opened.group);
    this.#streams.add(opened);
    this.#wheel.add(opened, Math.min(now + this.#options.heartbeatMs, opened.endsAt));
    return opened;
  }

  /** From here on the stream follows its group's log, beginning at an index. */
  join(stream: Stream<E>, index: number): void {
    if (stream.closed) return;
    stream.next = index;
    this.#deliver(stream, this.#now());
  }

  /** Takes a stream over to another group: once it has everything of its own, it gets what comes next from there. */
  move(stream: Stream<E>, group: Group<E>): void {
    if (stream.closed) return;
    this.#abandonMove(stream);
    this.#moves.set(stream, group);
    this.#groups.entered(group);
    this.#deliver(stream, this.#now());
  }

  /** Bytes for this stream alone: its opening, a replay. False when it should wait for `writable`. */
  write(stream: Stream<E>, bytes: Buffer): boolean {
    if (stream.closed || bytes.length === 0) return !stream.closed;
    stream.writtenAt = this.#now();
    return this.#put(stream, framed(stream.framing, bytes));
  }

  /** Resolves when the stream's outlet has room again, or the stream is closed. */
  writable(stream: Stream<E>): Promise<void> {
    if (!stream.blocked || stream.closed) return Promise.resolve();
    return new Promise((resolve) => {
      stream.waiting = resolve;
    });
  }

  /** Hands an event to every group that holds its channel. Positions never go down. */
  append(event: E): void {
    const { mark } = this.#options;
    for (const group of this.#groups.holding(event.channel)) {
      if (group.accepts(event)) this.#appendTo(group, event.position, group.frame(event));
      else if (mark && (++group.passed >= mark.events || event.position - group.ring.newest >= mark.positions))
        this.#appendTo(group, event.position, mark.bytes(group, event.position));
    }
  }

  /** Puts bytes of another kind, a gap notice say, into the logs of all groups that hold one of the channels. */
  announce(channels: readonly string[] | 'all', position: number, bytes: (group: Group<E>) => Buffer): void {
    const groups =
      channels === 'all'
        ? this.#groups.all()
        : new Set(channels.flatMap((channel) => [...this.#groups.holding(channel)]));
    for (const group of groups) this.#appendTo(group, position, bytes(group));
  }

  /** Empties all logs; they begin again after `since`. Streams that cannot take what is still in them are slow. */
  reset(since: number): void {
    this.#sweeper.flush();
    for (const group of this.#groups.all()) group.ring.reset(since);
  }

  /** The outlet has room again. */
  drained(stream: Stream<E>): void {
    stream.blocked = false;
    this.#wake(stream);
    this.#deliver(stream, this.#now());
  }

  /** The other side is gone. */
  gone(stream: Stream<E>): void {
    this.#goodbyes.gone(stream.outlet);
    this.#remove(stream, undefined);
    // the wheel remembers the stream until its turn comes: without its socket
    stream.outlet = nowhere;
  }

  /** Ends a stream with a goodbye that says why. */
  close(stream: Stream<E>, reason: Reason): void {
    if (stream.closed) return;
    this.#goodbyes.said(stream.outlet, this.#now());
    this.#remove(stream, reason);
    stream.outlet.end(framed(stream.framing, this.#options.goodbye(reason, stream)), reason);
  }

  /** Ends all streams evenly over a window. Those opened meanwhile are the caller's business. */
  async drain(windowMs: number, reason: Reason): Promise<void> {
    const streams = [...this.#streams];
    const began = this.#now();
    for (let closed = 0; closed < streams.length; ) {
      const share = windowMs === 0 ? 1 : Math.min(1, (this.#now() - began) / windowMs);
      const due = Math.min(streams.length, Math.floor(share * streams.length) + 1);
      for (; closed < due; closed++) this.close(streams[closed] as Stream<E>, reason);
      if (closed < streams.length)
        await new Promise((resolve) => setTimeout(resolve, Math.min(50, windowMs / streams.length)));
    }
    // the last ones are on their way: a moment for them, before anybody destroys sockets
    await this.#goodbyes.sent(drainedMs);
  }

  /** Destroys what is left and stops the clock. */
  stop(): void {
    clearInterval(this.#ticker);
    this.#sweeper.stop();
    this.#goodbyes.destroyAll();
    for (const stream of this.#streams) {
      this.#remove(stream, undefined);
      stream.outlet.destroy();
    }
  }

  #appendTo(group: Group<E>, position: number, bytes: Buffer): void {
    group.passed = 0;
    group.ring.append(position, bytes);
    this.#sweeper.grown(group);
  }

  #deliver(stream: Stream<E>, now: number): void {
    const { ring } = stream.group;
    while (stream.next !== undefined && !stream.closed && stream.next < ring.head) {
      if (this.#isSlow(stream, stream.next)) this.close(stream, this.#options.reasons.slow);
      if (stream.blocked || stream.closed) return;
      const batch = ring.batchFrom(stream.next, stream.framing);
      this.delivered += batch.end - stream.next;
      stream.next = batch.end;
      stream.writtenAt = now;
      this.#put(stream, batch.bytes);
    }
    if (stream.next === ring.head) stream.catchingUp = false;
    if (this.#moves.size > 0) this.#moveIfDue(stream);
  }

  /** Both logs hold everything up to now, so that the head of the one is the place of the head of the other. */
  #moveIfDue(stream: Stream<E>): void {
    const group = this.#moves.get(stream);
    if (group === undefined || stream.next !== stream.group.ring.head) return;
    this.#moves.delete(stream);
    this.#leave(stream);
    stream.group = group;
    stream.place = group.streams.length;
    stream.next = group.ring.head;
    group.streams.push(stream);
  }

  #abandonMove(stream: Stream<E>): void {
    const group = this.#moves.get(stream);
    if (!this.#moves.delete(stream) || group === undefined) return;
    this.#groups.left(group, this.#now());
  }

  /** Fallen out of the ring, or too far behind. Only a full outlet can be behind: a burst is no reader's fault. */
  #isSlow({ group: { ring }, outlet, blocked, catchingUp }: Stream<E>, next: number): boolean {
    if (next < ring.first) return true;
    return blocked && !catchingUp && ring.lagBytes(next) + outlet.unsentBytes > this.#options.slowClientBytes;
  }

  #put(stream: Stream<E>, bytes: Buffer): boolean {
    stream.blocked = !stream.outlet.write(bytes);
    return !stream.blocked;
  }

  #remove(stream: Stream<E>, reason: Reason | undefined): void {
    if (stream.closed) return;
    stream.closed = true;
    this.#abandonMove(stream);
    this.#leave(stream);
    this.#streams.delete(stream);
    this.#wake(stream);
    this.#options.closed?.(stream, reason);
  }

  /** Swaps places with the last one of the group. */
  #leave({ group, place }: Stream<E>): void {
    const last = group.streams.pop() as Stream<E>;
    if (place < group.streams.length) {
      group.streams[place] = last;
      last.place = place;
    }
    this.#groups.left(group, this.#now());
  }

  #wake(stream: Stream<E>): void {
    const { waiting } = stream;
    stream.waiting = undefined;
    waiting?.();
  }

  /** A stream's turn on the wheel: its end by age, its heartbeat, or nothing because it was written to meanwhile. */
  #turn(stream: Stream<E>, now: number): number {
    const { heartbeatMs, stallMs, reasons } = this.#options;
    const stalled = stream.blocked && now - stream.writtenAt >= stallMs;
    if (stalled || now >= stream.endsAt) {
      this.close(stream, stalled ? reasons.slow : stream.expires ? reasons.expired : reasons.age);
      return now;
    }
    if (now - stream.writtenAt >= heartbeatMs && !stream.blocked) {
      stream.writtenAt = now;
      this.#put(stream, this.#options.heartbeat(stream));
    }
    // a full outlet has bytes under way, which is all that a heartbeat is for
    return Math.min((stream.blocked ? now : stream.writtenAt) + heartbeatMs, stream.endsAt);
  }

  #tick(): void {
    const now = this.#now();
    this.#wheel.advance(now);
    this.#goodbyes.destroyOverdue(now);
    this.#groups.sweep(now, this.#options.forgotten);
  }
}
