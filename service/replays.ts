import type { Broker, StoredEvent } from './broker/broker.ts';
import type { Group } from './fanout/stream.ts';

/** A page of a group's history, framed as its streams get it. */
export interface FramedPage {
  /** Each is written once the one before has left: a replay never piles up more than a slow client may. */
  readonly portions: readonly Buffer[];
  readonly events: number;
  /** Everything up to here is in this page or the ones before it. */
  readonly upTo: number;
  /** Channels that have lost events after the place the page was asked from. */
  readonly evicted: readonly string[];
}

/** Bytes of a portion, but for a single event that is larger. */
const portionBytes = 262_144;
/** A page is shared with those who ask for the same within this long: the clients of a replica that went away. */
const sharedMs = 1000;
/** Pages kept for sharing at most; those beyond are read for one stream alone. */
const sharedPages = 64;

/**
 * Reads history for streams that come back from further than their group's ring reaches. Streams of one group that ask
 * for the same range share one read and one framing: after a deployment most of them ask for the same.
 */
export class Replays {
  readonly #broker: Broker;
  readonly #shared = new Map<string, Promise<FramedPage>>();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** One page after a position, up to where the group's ring begins. @throws StoreUnavailable */
  read(group: Group<StoredEvent>, after: number): Promise<FramedPage> {
    const upTo = group.ring.since;
    const key = `${group.key} ${after} ${upTo}`;
    const known = this.#shared.get(key);
    if (known) return known;
    const page = this.#read(group, after, upTo);
    if (this.#shared.size < sharedPages) this.#share(key, page);
    return page;
  }

  #share(key: string, page: Promise<FramedPage>): void {
    this.#shared.set(key, page);
    const forget = (): boolean => this.#shared.delete(key);
    // a failure is not shared with those who try again
    page.then(() => setTimeout(forget, sharedMs).unref(), forget);
  }

  async #read(group: Group<StoredEvent>, after: number, upTo: number): Promise<FramedPage> {
    const page = await this.#broker.replay(group.channels, after, upTo);
    const events = page.events.filter(group.accepts);
    return {
      portions: portionsOf(events.map(group.frame)),
      events: events.length,
      upTo: page.upTo,
      evicted: page.evicted,
    };
  }
}

function portionsOf(frames: readonly Buffer[]): Buffer[] {
  const portions: Buffer[][] = [[]];
  let size = 0;
  for (const bytes of frames) {
    if (size > 0 && size + bytes.length > portionBytes) {
      portions.push([]);
      size = 0;
    }
    portions.at(-1)?.push(bytes);
    size += bytes.length;
  }
  return portions.map((parts) => Buffer.concat(parts));
}
