/** What a notification says. */
export interface NotificationDraft {
  readonly title: string;
  readonly body?: string;
  /** Where a click leads. */
  readonly link?: string;
  /** For scripts. */
  readonly data?: unknown;
}

export interface Notification extends NotificationDraft {
  readonly id: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

/** How many are unread, and after how many changes: of two counts the one with the higher revision is the newer. */
export interface Count {
  readonly unread: number;
  /** Rises with each change of what a user has, whoever makes it. Compare it; it counts nothing. */
  readonly revision: number;
}

export interface Added extends Count {
  /** What is kept under this id: the notification, or the one that was there before. */
  readonly kept: Notification;
}

export interface NotificationPage extends Count {
  /** Newest first. */
  readonly notifications: readonly (Notification & { readonly read: boolean })[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: number;
}

/** How much is kept per user, and for how long. */
export interface Keeping {
  readonly most: number;
  readonly lifeMs: number;
}

/** A user reads the newest few pages, and what is a month old is no news. */
export const keeping: Keeping = { most: 200, lifeMs: 30 * 86_400_000 };

/**
 * Each user's notifications. Every method is one step: however many replicas ask at once, the count is that of what is
 * kept, and never below zero. All methods throw StoreUnavailable when the store is away.
 */
export interface NotificationStore {
  /** Keeps a notification, unless there is one with its id already. The oldest beyond `most` go, read or not. */
  add(user: string, notification: Notification): Promise<Added>;
  /** Older ones than the place `before`, or the newest. */
  page(user: string, limit: number, before?: number): Promise<NotificationPage>;
  count(user: string): Promise<Count>;
  /** Twice is the same as once. `undefined` when there is none with this id. */
  markRead(user: string, id: string): Promise<Count | undefined>;
  markAllRead(user: string): Promise<Count>;
}
