import { randomUUID } from 'node:crypto';

/** How often a replica makes sure that it still hears, and how long it waits for its own beat. */
export const beatMs = 1000;
const deafMs = 3000;

/** The beat went out and did not come back. */
export class Deaf extends Error {
  constructor() {
    super(`no beat within ${deafMs} ms`);
    this.name = 'Deaf';
  }
}

/** A message of a replica to itself, through the store. */
export interface Beat {
  readonly nonce: string;
  /** It came back. Rejects with `Deaf`, or with what kept it from being sent. */
  readonly heard: Promise<void>;
  /** Everything before it has been handed on. Rejects when that could not be completed. */
  readonly done: Promise<void>;
}

interface Settling {
  readonly sentAt: number;
  readonly hear: () => void;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

/** The beats that are under way, and what they tell of the way. */
export class Beats {
  readonly #send: (nonce: string) => Promise<unknown>;
  readonly #now: () => number;
  readonly #settling = new Map<string, Settling>();
  #next: Beat | undefined;
  #roundTripMs = 0;
  /** When the last beat that was heard had been sent. */
  #sentAt: number;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(send: (nonce: string) => Promise<unknown>, now: () => number = () => performance.now()) {
    this.#send = send;
    this.#now = now;
    this.#sentAt = now();
  }

  /**
   * How far what is heard is behind what is sent, in seconds: a beat's way through the store, or the age of the last one
   * heard where those after it are missing.
   */
  get lagSeconds(): number {
    return Math.max(this.#roundTripMs, this.#now() - this.#sentAt - beatMs) / 1000;
  }

  /** Everybody who asks in one turn of the loop shares a beat; a later one could not cover what they subscribed to. */
  next(): Beat {
    if (this.#next === undefined) {
      this.#next = this.#begin();
      queueMicrotask(() => {
        this.#next = undefined;
      });
    }
    return this.#next;
  }

  heard(nonce: string): void {
    const beat = this.#settling.get(nonce);
    if (beat === undefined) return;
    this.#sentAt = beat.sentAt;
    this.#roundTripMs = this.#now() - beat.sentAt;
    beat.hear();
  }

  /** `error` is what kept it from being completed. */
  done(nonce: string, error?: Error): void {
    const beat = this.#settling.get(nonce);
    if (error) beat?.fail(error);
    else beat?.finish();
  }

  /** None of those under way will be heard. */
  interrupt(): void {
    for (const beat of this.#settling.values()) beat.fail(new Error('Connection is closed.'));
  }

  #begin(): Beat {
    const nonce = randomUUID();
    const heard = settled();
    const done = settled();
    const fail = (error: Error): void => {
      heard.reject(error);
      done.reject(error);
    };
    const deaf = setTimeout(() => fail(new Deaf()), deafMs).unref();
    heard.promise.then(
      () => clearTimeout(deaf),
      () => clearTimeout(deaf),
    );
    const forget = (): boolean => this.#settling.delete(nonce);
    done.promise.then(forget, forget);
    this.#settling.set(nonce, { sentAt: this.#now(), hear: heard.resolve, finish: done.resolve, fail });
    this.#send(nonce).catch(fail);
    return { nonce, heard: heard.promise, done: done.promise };
  }
}

/** A promise and the ways to settle it. */
function settled(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
