import type { Redis } from 'ioredis';
import { available } from '../../broker/available.ts';
import { patternKey } from '../../broker/redis-keys.ts';
import { addScript, countScript, pageScript, readAllScript, readScript } from './scripts.ts';
import {
  type Added,
  type Count,
  type Keeping,
  keeping,
  type Notification,
  type NotificationPage,
  type NotificationStore,
} from './store.ts';

const scripts = {
  notificationsAdd: addScript,
  notificationsPage: pageScript,
  notificationsCount: countScript,
  notificationsRead: readScript,
  notificationsReadAll: readAllScript,
};

/** Unread, revision, then the step's own. */
type Answer = [unread: number, revision: string, ...rest: (string | number)[]];

/** The scripts, as ioredis adds them to a client. */
type Scripts = Record<keyof typeof scripts, (...args: (string | number)[]) => Promise<Answer | []>>;

/** Notifications in Redis or Valkey: shared by all replicas, each method one script. */
export class RedisNotifications implements NotificationStore {
  readonly #redis: Redis & Scripts;
  readonly #keeping: Keeping;

  constructor(redis: Redis, limits: Keeping = keeping) {
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { numberOfKeys: 4, lua });
    this.#redis = redis as Redis & Scripts;
    this.#keeping = limits;
  }

  async add(user: string, notification: Notification): Promise<Added> {
    const answer = await this.#ask('notificationsAdd', user, notification.id, JSON.stringify(notification));
    return { kept: JSON.parse(String(answer[2])) as Notification, ...countOf(answer) };
  }

  async page(user: string, limit: number, before?: number): Promise<NotificationPage> {
    const bound = before === undefined ? '+inf' : `(${before}`;
    // one more than asked for tells whether there is a next page
    const answer = await this.#ask('notificationsPage', user, bound, limit + 1);
    const found = entriesOf(answer.slice(2));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      // without its text it was evicted by a store that had no room for it
      notifications: page.flatMap(({ text, unread }) =>
        text === '' ? [] : [{ ...(JSON.parse(text) as Notification), read: !unread }],
      ),
      ...(last !== undefined && found.length > limit && { next: last.place }),
      ...countOf(answer),
    };
  }

  async count(user: string): Promise<Count> {
    return countOf(await this.#ask('notificationsCount', user));
  }

  async markRead(user: string, id: string): Promise<Count | undefined> {
    const answer = await this.#ask('notificationsRead', user, id);
    return answer.length === 0 ? undefined : countOf(answer);
  }

  async markAllRead(user: string): Promise<Count> {
    return countOf(await this.#ask('notificationsReadAll', user));
  }

  #ask(step: keyof Scripts, user: string, ...args: (string | number)[]): Promise<Answer | []> {
    const keys = ['order', 'items', 'unread', 'last'].map((part) => patternKey('notifications', `${user}:${part}`));
    return available(this.#redis[step](...keys, this.#keeping.most, this.#keeping.lifeMs, ...args));
  }
}

function countOf([unread = 0, revision = '0']: Answer | []): Count {
  return { unread, revision: Number(revision) };
}

function entriesOf(parts: readonly (string | number)[]): { place: number; unread: boolean; text: string }[] {
  return Array.from({ length: parts.length / 3 }, (_, index) => ({
    place: Number(parts[3 * index]),
    unread: parts[3 * index + 1] === 1,
    text: String(parts[3 * index + 2]),
  }));
}
