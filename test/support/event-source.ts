import { EventSource } from 'eventsource';

/** The middle value: what one slow moment of the machine cannot spoil. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** 0, 1, 2, …: what a test that publishes numbers expects. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A spec-compliant EventSource that keeps what it was given: numbered events `{ number, at }`, gaps and closes. */
export class Client {
  readonly gaps: unknown[] = [];
  readonly closes: unknown[] = [];
  readonly #source: EventSource;
  readonly #events: { readonly number: number; readonly delayMs: number }[] = [];
  readonly #streams: string[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(url: string) {
    this.#source = new EventSource(url);
    this.#source.addEventListener('message', ({ data }) => {
      const { number, at } = JSON.parse(data);
      this.#events.push({ number, delayMs: performance.now() - at });
      this.#look();
    });
    this.#source.addEventListener('stream:open', ({ data }) => {
      this.#streams.push(JSON.parse(data).stream);
      this.#look();
    });
    this.#source.addEventListener('stream:gap', ({ data }) => this.gaps.push(JSON.parse(data)));
    this.#source.addEventListener('stream:close', ({ data }) => this.closes.push(JSON.parse(data)));
  }

  static async open(url: string): Promise<Client> {
    const client = new Client(url);
    await client.reopened(0);
    return client;
  }

  /** The id of the stream it has now; begins with the name of the replica that holds it. */
  holder(): string {
    return this.#streams.at(-1) ?? '';
  }

  received(): number[] {
    return this.#events.map(({ number }) => number);
  }

  /** From publish to receipt, for each event. */
  delaysMs(): number[] {
    return this.#events.map(({ delayMs }) => delayMs);
  }

  numbers(count: number): Promise<void> {
    return this.#until(() => this.#events.length >= count);
  }

  reopened(times: number): Promise<void> {
    return this.#until(() => this.#streams.length > times);
  }

  close(): void {
    this.#source.close();
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (this.#source.readyState === this.#source.CLOSED) reject(new Error('the EventSource has closed for good'));
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      this.#source.addEventListener('error', check);
      check();
    });
  }

  #look(): void {
    for (const check of [...this.#waiting]) check();
  }
}
