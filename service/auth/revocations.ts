import type { Control } from '../control.ts';
import type { SharedState } from '../state/state.ts';
import type { Caller } from './caller.ts';

export interface RevocationsOptions {
  readonly state: SharedState;
  readonly control: Control;
  /** Ends what a user has open on this replica. */
  readonly end: (user: string) => void;
}

const list = 'revoked';
/** A revocation is remembered this long; no token should live longer. */
const lifeMs = 31 * 86_400_000;
/** The store is read again this often, whatever was heard meanwhile: one short answer, while few are revoked. */
const rereadMs = 60_000;
/** While the store is away. */
const againMs = 1000;

/**
 * Whose tokens are worth nothing, and since when: each replica knows all of them, told by the others and read from the
 * store at the start, so that nobody's connect has to wait for a look into the store.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #times = new Map<string, number>();
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #known = false;
  #closed = false;

  constructor(options: RevocationsOptions) {
    this.#options = options;
    options.control.on('revoked', ({ user, at }) => this.#note(user, at));
    options.control.onGap(() => void this.#keepReading());
  }

  /** All revocations have been read once. */
  get known(): boolean {
    return this.#known;
  }

  /** Follows the store from now on; to be called when the other replicas are heard. */
  start(): void {
    void this.#keepReading();
  }

  /** Reads all revocations; what a store that was emptied has forgotten, it is told again. @throws StoreUnavailable */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Whether the caller's grants were taken back after they were given. Of a token without `iat` nobody knows when. */
  covers({ user, issuedAt }: Caller): boolean {
    if (user === undefined || this.#times.size === 0) return false;
    const at = this.#times.get(user);
    // issuers count whole seconds: a token of the revocation's own second may be older than it
    return at !== undefined && (issuedAt ?? 0) <= at;
  }

  /** Ends a user's streams everywhere, and all that was granted until now. @throws StoreUnavailable */
  async revoke(user: string): Promise<number> {
    const at = Date.now();
    const { state, control } = this.#options;
    await state.note(list, user, at, lifeMs);
    this.#note(user, at);
    await control.tell('revoked', { user, at });
    return at;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #keepReading(): Promise<void> {
    clearTimeout(this.#timer);
    const done = await this.read().then(
      () => true,
      () => false,
    );
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#keepReading(), done ? rereadMs : againMs);
    this.#timer.unref();
  }

  async #read(): Promise<void> {
    const { state } = this.#options;
    const stored = await state.notes(list);
    const oldest = Date.now() - lifeMs;
    for (const [user, at] of this.#times) if (at < oldest) this.#times.delete(user);
    for (const [user, at] of this.#times) if (at > (stored.get(user) ?? 0)) await state.note(list, user, at, lifeMs);
    for (const [user, at] of stored) if (at >= oldest) this.#note(user, at);
    this.#known = true;
  }

  #note(user: string, at: number): void {
    if (at <= (this.#times.get(user) ?? 0)) return;
    this.#times.set(user, at);
    this.#options.end(user);
  }
}
