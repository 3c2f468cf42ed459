import type { Event, Group } from './stream.ts';

/** An empty group keeps its ring this long, for the clients that a proxy's reload sends back together. */
const lingerMs = 30_000;

/** The groups by key and by channel, and which of them nobody is in. */
export class Groups<E extends Event> {
  readonly #byKey = new Map<string, Group<E>>();
  readonly #byChannel = new Map<string, Set<Group<E>>>();
  /** Groups without streams, and since when; the longest first. */
  readonly #idle = new Map<Group<E>, number>();

  all(): Iterable<Group<E>> {
    return this.#byKey.values();
  }

  of(key: string): Group<E> | undefined {
    return this.#byKey.get(key);
  }

  holding(channel: string): Iterable<Group<E>> {
    return this.#byChannel.get(channel) ?? [];
  }

  add(group: Group<E>, now: number): void {
    this.#byKey.set(group.key, group);
    this.left(group, now);
    for (const channel of group.channels) {
      const holders = this.#byChannel.get(channel);
      if (holders) holders.add(group);
      else this.#byChannel.set(channel, new Set([group]));
    }
  }

  /** Somebody is in it, or about to be. */
  entered(group: Group<E>): void {
    this.#idle.delete(group);
  }

  /** One fewer is in it, perhaps nobody. */
  left(group: Group<E>, now: number): void {
    if (group.streams.length === 0) this.#idle.set(group, now);
  }

  /** Forgets those that nobody came back to, and tells of each. */
  sweep(now: number, forgotten: ((group: Group<E>) => void) | undefined): void {
    for (const [group, since] of this.#idle) {
      if (now - since < lingerMs) break;
      this.#forget(group);
      forgotten?.(group);
    }
  }

  #forget(group: Group<E>): void {
    this.#idle.delete(group);
    this.#byKey.delete(group.key);
    for (const channel of group.channels) {
      const holders = this.#byChannel.get(channel);
      holders?.delete(group);
      if (holders?.size === 0) this.#byChannel.delete(channel);
    }
  }
}
