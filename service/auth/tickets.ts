import { hash, randomBytes } from 'node:crypto';
import type { SharedState } from '../state/state.ts';
import type { Caller } from './caller.ts';

export interface Ticket {
  readonly ticket: string;
  readonly expiresInSeconds: number;
}

/** Long enough to open a stream with it, and too short to be found in a log and used. */
const lifeMs = 30_000;
/** 256 random bits in base64url; what does not look like it is not looked up. */
const form = /^[A-Za-z0-9_-]{43}$/;

/**
 * One-time tickets: a token's rights for one request, in a URL that is worthless afterwards. A native EventSource comes
 * back with the URL it was given, is refused with 401 and stops: its app opens a new one, with a new ticket, for each
 * attempt. Whoever cannot do that uses the cookie.
 */
export class Tickets {
  readonly #state: SharedState;

  constructor(state: SharedState) {
    this.#state = state;
  }

  /** A ticket with the caller's grants, for as long as they last and half a minute at most. @throws StoreUnavailable */
  async issue(caller: Caller): Promise<Ticket> {
    const ticket = randomBytes(32).toString('base64url');
    const leftMs = Math.min(lifeMs, (caller.expiresAt ?? Number.POSITIVE_INFINITY) - Date.now());
    await this.#state.put(keyOf(ticket), JSON.stringify(caller), Math.max(1, Math.floor(leftMs)));
    return { ticket, expiresInSeconds: Math.max(0, Math.floor(leftMs / 1000)) };
  }

  /** Whose ticket it was; nobody's when it has been used before, on whatever replica. @throws StoreUnavailable */
  async redeem(ticket: string): Promise<Caller | undefined> {
    if (!form.test(ticket)) return undefined;
    const found = await this.#state.take(keyOf(ticket));
    return found === undefined ? undefined : (JSON.parse(found) as Caller);
  }
}

/** Whoever can read the store finds no ticket there that can be used. */
const keyOf = (ticket: string): string => `ticket:${hash('sha256', ticket, 'base64url')}`;
