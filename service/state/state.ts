/** Small things that all replicas share for a while: tickets, revocations. Keys are the caller's, free of spaces. */
export interface SharedState {
  /** @throws StoreUnavailable */
  put(key: string, value: string, lifeMs: number): Promise<void>;
  /** @throws StoreUnavailable */
  get(key: string): Promise<string | undefined>;
  /** Reads and removes in one step: of many that ask at once, one gets it. @throws StoreUnavailable */
  take(key: string): Promise<string | undefined>;
  /**
   * Keeps a time, in milliseconds since 1970, under a name in a list; of several under one name the latest stays. What
   * is older than `lifeMs` need not be kept. @throws StoreUnavailable
   */
  note(list: string, name: string, at: number, lifeMs: number): Promise<void>;
  /** All times of a list, by name. @throws StoreUnavailable */
  notes(list: string): Promise<ReadonlyMap<string, number>>;
}
