import { nextPosition } from '../../broker/position.ts';
import {
  type Added,
  type Count,
  type Keeping,
  keeping,
  type Notification,
  type NotificationPage,
  type NotificationStore,
} from './store.ts';

interface Entry {
  readonly notification: Notification;
  /** Its place in the order of the user's changes. */
  readonly place: number;
  readonly keptAt: number;
  read: boolean;
}

interface Box {
  /** Oldest first. */
  entries: Entry[];
  /** The last change's place. */
  last: number;
}

/** Notifications inside the process: one replica, gone with it. */
export class EmbeddedNotifications implements NotificationStore {
  /** The user who was notified last is the last one. */
  readonly #boxes = new Map<string, Box>();
  readonly #keeping: Keeping;
  readonly #now: () => number;

  /** `now` is the wall clock in milliseconds. */
  constructor(limits: Keeping = keeping, now: () => number = Date.now) {
    this.#keeping = limits;
    this.#now = now;
  }

  async add(user: string, notification: Notification): Promise<Added> {
    this.#forgetOldBoxes();
    const box = this.#boxOf(user);
    const known = box.entries.find((entry) => entry.notification.id === notification.id);
    if (known) return { kept: known.notification, ...countOf(box) };
    box.entries.push({ notification, place: this.#change(box), keptAt: this.#now(), read: false });
    if (box.entries.length > this.#keeping.most) box.entries.shift();
    this.#boxes.delete(user);
    this.#boxes.set(user, box);
    return { kept: notification, ...countOf(box) };
  }

  async page(user: string, limit: number, before = Number.POSITIVE_INFINITY): Promise<NotificationPage> {
    const box = this.#boxOf(user);
    const older = box.entries.filter(({ place }) => place < before).reverse();
    const page = older.slice(0, limit);
    const last = page.at(-1);
    return {
      notifications: page.map(({ notification, read }) => ({ ...notification, read })),
      ...(last !== undefined && older.length > limit && { next: last.place }),
      ...countOf(box),
    };
  }

  async count(user: string): Promise<Count> {
    return countOf(this.#boxOf(user));
  }

  async markRead(user: string, id: string): Promise<Count | undefined> {
    const box = this.#boxOf(user);
    const entry = box.entries.find(({ notification }) => notification.id === id);
    if (entry === undefined) return undefined;
    this.#read(box, [entry]);
    return countOf(box);
  }

  async markAllRead(user: string): Promise<Count> {
    const box = this.#boxOf(user);
    this.#read(box, box.entries);
    return countOf(box);
  }

  #read(box: Box, entries: readonly Entry[]): void {
    const unread = entries.filter(({ read }) => !read);
    for (const entry of unread) entry.read = true;
    if (unread.length > 0) this.#change(box);
  }

  #change(box: Box): number {
    box.last = nextPosition(box.last, this.#now());
    return box.last;
  }

  /** A box that is not kept yet is an empty one. */
  #boxOf(user: string): Box {
    const box = this.#boxes.get(user) ?? { entries: [], last: 0 };
    box.entries = box.entries.filter((entry) => !this.#isOld(entry));
    return box;
  }

  #forgetOldBoxes(): void {
    for (const [user, { entries }] of this.#boxes) {
      const newest = entries.at(-1);
      if (newest !== undefined && !this.#isOld(newest)) break;
      this.#boxes.delete(user);
    }
  }

  #isOld({ keptAt }: Entry): boolean {
    return keptAt < this.#now() - this.#keeping.lifeMs;
  }
}

function countOf({ entries, last }: Box): Count {
  return { unread: entries.filter(({ read }) => !read).length, revision: last };
}
