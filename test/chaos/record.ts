/** What was sent and what arrived: the two sides that are reconciled. Times are milliseconds of one process's clock. */

/** One event as its publisher knows it. Sent once, or again and again under one Idempotency-Key. */
export interface Publish {
  readonly channel: string;
  /** Unique; on one channel in the order of sending, each after the answer to the one before or after giving it up. */
  readonly number: number;
  readonly sentAt: number;
  /** The id it was accepted with; `undefined` when its publish failed, or nobody knows. */
  id: string | undefined;
  /** Its publish was answered, or given up. */
  answeredAt: number;
}

/** One thing that a stream's client met. `id` is the client's cursor afterwards. */
export type Entry = { readonly at: number; readonly id: string } & (
  | { readonly kind: 'event'; readonly channel: string; readonly number: number }
  | { readonly kind: 'gap'; readonly channels: readonly string[]; readonly requested: string; readonly reason: string }
  /** Something no stream may ever meet: an answer that ends an EventSource, data that nobody wrote. */
  | { readonly kind: 'fault'; readonly what: string }
  /** Openings, closes, ends: nothing to reconcile, but good to know when reading. */
  | { readonly kind: 'note'; readonly what: string }
);

export interface StreamRecord {
  readonly name: string;
  readonly channels: readonly string[];
  readonly entries: readonly Entry[];
}
