import type { CloseReason } from '../lib/policy/index.ts';
import { type Broker, type StoredEvent, StoreUnavailable } from './broker/broker.ts';
import { writeCursor } from './broker/cursor.ts';
import type { Control, ControlMessages } from './control.ts';
import type { Fanout } from './fanout/fanout.ts';
import type { Group, Shape, Stream, Subscription } from './fanout/stream.ts';
import { wires } from './wires/wires.ts';

/** What equal subscriptions have in common. */
export interface Wanted {
  readonly channels: readonly string[];
  /** Only events of these types; empty for all. */
  readonly types: readonly string[];
  /** What their bytes look like. */
  readonly shape: Shape;
}

/** Which group a stream belongs to: finds it, or makes it and listens to its channels; and takes streams to another one. */
export class Subscriptions {
  readonly #broker: Broker;
  readonly #fanout: Fanout<StoredEvent, CloseReason>;
  readonly #control: Control;

  constructor(broker: Broker, fanout: Fanout<StoredEvent, CloseReason>, control: Control) {
    this.#broker = broker;
    this.#fanout = fanout;
    this.#control = control;
    control.on('retype', (message) => void this.#retype(message));
  }

  /** @throws StoreUnavailable when the channels cannot be listened to. */
  groupOf(wanted: Wanted): Group<StoredEvent> | Promise<Group<StoredEvent>> {
    return this.#fanout.groupOf(keyOf(wanted)) ?? this.#create(wanted);
  }

  async #create(wanted: Wanted): Promise<Group<StoredEvent>> {
    const { channels } = wanted;
    const held = await Promise.allSettled(channels.map((channel) => this.#broker.hold(channel)));
    const failed = held.find((one) => one.status === 'rejected');
    // somebody else may have created it meanwhile; then that one's holds are enough
    const existing = this.#fanout.groupOf(keyOf(wanted));
    if (failed || existing) {
      for (const [index, one] of held.entries())
        if (one.status === 'fulfilled') this.#broker.release(channels[index] as string);
    }
    if (failed) throw failed.reason;
    return existing ?? this.#fanout.createGroup(this.#subscription(wanted), this.#broker.here().position);
  }

  #subscription(wanted: Wanted): Subscription<StoredEvent> {
    const { channels, types, shape } = wanted;
    const wire = wires[shape];
    return {
      key: keyOf(wanted),
      channels,
      shape,
      accepts: types.length === 0 ? () => true : (event) => types.includes(event.type ?? 'message'),
      frame: (event) => wire.event(event, writeCursor({ epoch: this.#broker.here().epoch, position: event.position })),
    };
  }

  /** Somebody wants another filter for a stream, which may be one of ours. */
  async #retype({ nonce, stream: id, types, user, admin }: ControlMessages['retype']): Promise<void> {
    const stream = this.#fanout.streamOf(id);
    if (stream === undefined) return;
    const allowed = admin || stream.owner === user;
    try {
      if (allowed) await this.#setTypes(stream, types);
      await this.#control.tell('retyped', { nonce, allowed });
    } catch (error) {
      // whoever asks gets no answer, and asks again
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  async #setTypes(stream: Stream<StoredEvent>, types: readonly string[]): Promise<void> {
    this.#fanout.move(stream, await this.groupOf({ ...wantedOf(stream.group.key), types }));
  }
}

/** Equal subscriptions, equal key: order and repetition make no difference. */
function keyOf({ channels, types, shape }: Wanted): string {
  return JSON.stringify([[...channels].sort(), [...types].sort(), shape]);
}

function wantedOf(key: string): Wanted {
  const [channels, types, shape] = JSON.parse(key) as [string[], string[], Shape];
  return { channels, types, shape };
}
