/** What the primary and its workers say to each other, over the pipe that node:cluster keeps between them. */
export type Message =
  /** To a worker: hand the streams over inside this window and exit. */
  | { readonly kind: 'stop'; readonly windowMs: number }
  /** From a worker: what do all of you have of this subject? */
  | { readonly kind: 'ask'; readonly nonce: number; readonly subject: string }
  /** To a worker: what do you have? And its answer. */
  | { readonly kind: 'question'; readonly nonce: number; readonly subject: string }
  | { readonly kind: 'answer'; readonly nonce: number; readonly answer: unknown }
  /** To the one that asked. */
  | { readonly kind: 'answers'; readonly nonce: number; readonly answers: readonly unknown[] };

/** node:cluster sends messages of its own on the same pipe. */
export function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
