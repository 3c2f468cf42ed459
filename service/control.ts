import type { Broker, StoredEvent } from './broker/broker.ts';

/** Where replicas talk to each other: through the broker, so that a word is heard by all, once and in order. No client can name it. */
export const controlChannel = 'sse-kit/control';

/** How long to wait for another replica's answer. */
const answerMs = 2000;
/** The store was away when the channel was asked for; try again after this long. */
const againMs = 1000;

/** What replicas tell each other, by kind. */
export interface ControlMessages {
  /** A user's streams end; tokens issued until then are worth nothing. Times are milliseconds since 1970. */
  readonly revoked: { readonly user: string; readonly at: number };
  /** A stream gets another filter. `user` is who asks; an administrator is anyone. */
  readonly retype: {
    readonly nonce: string;
    readonly stream: string;
    readonly types: readonly string[];
    readonly user: string | undefined;
    readonly admin: boolean;
  };
  /** The replica that holds the stream answers. */
  readonly retyped: { readonly nonce: string; readonly allowed: boolean };
  /** Somebody wants no more of an answer. `user` is who asks; an administrator is anyone. */
  readonly cancel: { readonly answer: string; readonly user: string | undefined; readonly admin: boolean };
  /** Somebody watches the dashboard, on a replica or other. */
  readonly watched: Readonly<Record<string, never>>;
}

type Kind = keyof ControlMessages;
type Handlers = { [K in Kind]?: (message: ControlMessages[K]) => void };

/** Tells all replicas, this one included, and hears what they tell. */
export class Control {
  readonly #broker: Broker;
  readonly #handlers: Handlers = {};
  readonly #onGap: (() => void)[] = [];
  readonly #waiting = new Map<string, (allowed: boolean) => void>();

  constructor(broker: Broker) {
    this.#broker = broker;
    this.on('retyped', ({ nonce, allowed }) => this.#waiting.get(nonce)?.(allowed));
  }

  on<K extends Kind>(kind: K, handler: (message: ControlMessages[K]) => void): void {
    Object.assign(this.#handlers, { [kind]: handler });
  }

  /** Called when messages may have been missed. */
  onGap(handler: () => void): void {
    this.#onGap.push(handler);
  }

  /** @throws StoreUnavailable */
  async tell<K extends Kind>(kind: K, message: ControlMessages[K]): Promise<void> {
    await this.#broker.publish(controlChannel, [{ type: kind, data: JSON.stringify(message) }]);
  }

  /** Resolves when everything that is told from then on is heard. The store may be away at first. */
  async listen(): Promise<void> {
    for (;;) {
      try {
        return await this.#broker.hold(controlChannel);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, againMs).unref());
      }
    }
  }

  /** Asks whoever holds the stream; `undefined` when nobody does. @throws StoreUnavailable */
  async retype(message: ControlMessages['retype']): Promise<boolean | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<boolean | undefined>((resolve) => {
      this.#waiting.set(message.nonce, resolve);
      timer = setTimeout(() => resolve(undefined), answerMs);
    });
    try {
      await this.tell('retype', message);
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(message.nonce);
    }
  }

  /** An event of the control channel came in. */
  heard({ type, data }: StoredEvent): void {
    const handler = this.#handlers[type as Kind] as ((message: unknown) => void) | undefined;
    handler?.(JSON.parse(data));
  }

  missed(): void {
    for (const handler of this.#onGap) handler();
  }
}
