/** Small things that all replicas share for a while: tickets, revocations. Keys are the caller's, free of spaces. */
export interface SharedState {
  /** @throws StoreUnavailable */
  put(key: string, value: string, lifeMs: number): Promise<void>;
  /** @throws StoreUnavailable */
  get(key: string): Promise<string | undefined>;
  /** Reads and removes in one step: of many that ask at once, one gets it. @throws StoreUnavailable */
  take(key: string): Promise<string | undefined>;
}
