import { createRemoteJWKSet, customFetch, type ExportedJWKSCache, errors, type JWTVerifyGetKey, jwksCache } from 'jose';
import { KeysUnavailable } from './errors.ts';

export interface KeySetOptions {
  readonly url: URL;
  /** The issuer has added or removed keys. */
  readonly changed: () => void;
  readonly failed: (error: Error) => void;
  /** Keys that nobody knows make the set be fetched at most this often. @default 5000 */
  readonly cooldownMs?: number;
}

/** A set is fetched again this often, so that a key that its issuer removes is not trusted much longer. */
const refreshMs = 5 * 60_000;
const fetchMs = 3000;
/** After a failure nobody asks the issuer again for this long; it may be down because it is asked too much. */
const pauseMs = 1000;

/** What says something about the token and not about the set. */
const aboutTheToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

/**
 * The keys that an issuer publishes. Once fetched they are kept until they have been replaced: no request waits for the
 * issuer but the first, and one with a key that is new. While the issuer is away the known keys go on working.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #cooldownMs: number;
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  /** Where the library keeps what it fetched, and when. */
  readonly #fetched: Partial<ExportedJWKSCache> = {};
  readonly #refresher: NodeJS.Timeout;
  #seen: { readonly at: number | undefined; readonly text: string } | undefined;
  #pausedUntil = 0;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#cooldownMs = options.cooldownMs ?? 5000;
    this.#remote = createRemoteJWKSet(options.url, {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: this.#cooldownMs,
      timeoutDuration: fetchMs,
      [customFetch]: (url, init) => this.#fetch(url, init),
      [jwksCache]: this.#fetched as ExportedJWKSCache,
    });
    this.#refresher = setInterval(() => void this.refresh(), refreshMs);
    this.#refresher.unref();
  }

  /** The key that a token was signed with. @throws KeysUnavailable when it may be one that has yet to be fetched. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    // a key that is unknown now may have been published since the set was last fetched
    const mayBeNewer = this.#remote.coolingDown;
    try {
      return await this.#remote(header, token);
    } catch (error) {
      const unknown = error instanceof errors.JWKSNoMatchingKey;
      if (aboutTheToken.some((kind) => error instanceof kind) && !(unknown && mayBeNewer)) throw error;
      throw new KeysUnavailable(Math.ceil(((1 + Math.random()) * this.#cooldownMs) / 1000));
    } finally {
      this.#compare();
    }
  };

  /** Fetches the set; a failure leaves the known keys as they are. */
  async refresh(): Promise<void> {
    await this.#remote.reload().catch(() => {});
    this.#compare();
  }

  close(): void {
    clearInterval(this.#refresher);
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (performance.now() < this.#pausedUntil) throw new Error('the key set could not be fetched a moment ago');
    try {
      const response = await fetch(url, init);
      if (response.status !== 200) throw new Error(`the key set was answered with ${response.status}`);
      return response;
    } catch (error) {
      this.#pausedUntil = performance.now() + pauseMs;
      this.#options.failed(error as Error);
      throw error;
    }
  }

  #compare(): void {
    const { uat, jwks } = this.#fetched;
    if (uat === this.#seen?.at) return;
    const text = JSON.stringify(jwks);
    if (this.#seen !== undefined && text !== this.#seen.text) this.#options.changed();
    this.#seen = { at: uat, text };
  }
}
