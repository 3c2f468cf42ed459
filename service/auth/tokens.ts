import { hash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Caller } from './caller.ts';
import { callerOf, clockToleranceSeconds } from './claims.ts';
import { Unauthorized } from './errors.ts';
import { fixedKey } from './fixed-key.ts';
import { KeySet } from './key-set.ts';
import { verifyWithSecret } from './secret.ts';
import { type JwtSettings, keySetAlgorithms } from './settings.ts';

export interface TokensOptions {
  /** Verified tokens that are remembered at most. */
  readonly remembered: number;
  /** The key set could not be fetched. */
  readonly failed: (error: Error) => void;
  /** @default 5000 */
  readonly cooldownMs?: number;
}

type Verify = (token: string) => JWTPayload | Promise<JWTPayload>;

/**
 * Verifies tokens. One that was found good is remembered until it expires: after a deployment the same tokens come back
 * all at once, and get their answer without waiting.
 */
export class Tokens {
  readonly #remembered: number;
  readonly #settings: JwtSettings;
  readonly #keySet: KeySet | undefined;
  readonly #algorithms: readonly string[];
  readonly #verify: Verify;
  /** By the token's hash: a dump of memory should not hold the tokens of everybody. The longest known come first. */
  readonly #known = new Map<string, Caller>();

  constructor(settings: JwtSettings, { remembered, ...rest }: TokensOptions) {
    this.#settings = settings;
    this.#remembered = remembered;
    const { keys, issuer, audience } = settings;
    this.#algorithms = 'key' in keys ? keys.algorithms : keySetAlgorithms;
    const options: JWTVerifyOptions = {
      algorithms: [...this.#algorithms],
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['sub', 'exp'],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    const verified =
      (find: JWTVerifyGetKey): Verify =>
      async (token) =>
        (await jwtVerify(token, find, options)).payload;
    if ('key' in keys) {
      const secret = keys.key.type === 'secret';
      this.#verify = secret ? (token) => verifyWithSecret(token, keys, options) : verified(fixedKey(keys.key));
      return;
    }
    // tokens of a key that was removed are forgotten with it
    this.#keySet = new KeySet({ ...rest, url: keys.jwksUrl, changed: () => this.#known.clear() });
    this.#verify = verified(this.#keySet.find);
  }

  /** Fetches the key set, where there is one, so that the first token need not wait for it. */
  async start(): Promise<void> {
    await this.#keySet?.refresh();
  }

  /** Whose token it is; at once when it is known, or signed with a secret. @throws Unauthorized, KeysUnavailable */
  callerOf(token: string): Caller | Promise<Caller> {
    const key = hash('sha256', token, 'base64');
    const caller = this.#known.get(key);
    if (caller === undefined) return this.#check(token, key);
    if (caller.expiresAt !== undefined && caller.expiresAt > Date.now()) return caller;
    this.#known.delete(key);
    throw this.#explain(new errors.JWTExpired('', {}));
  }

  close(): void {
    this.#keySet?.close();
  }

  #check(token: string, key: string): Caller | Promise<Caller> {
    const explain = (error: unknown): never => {
      throw this.#explain(error);
    };
    try {
      const payload = this.#verify(token);
      if (!(payload instanceof Promise)) return this.#remember(key, payload);
      return payload.then((one) => this.#remember(key, one)).catch(explain);
    } catch (error) {
      return explain(error);
    }
  }

  #remember(key: string, payload: JWTPayload): Caller {
    const caller = callerOf(payload, Date.now());
    if (this.#known.size >= this.#remembered) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(key, caller);
    return caller;
  }

  /** The library's errors carry the claims along, so none of them goes any further. */
  #explain(error: unknown): unknown {
    if (!(error instanceof errors.JOSEError)) return error;
    return new Unauthorized(this.#reason(error), 'invalid_token');
  }

  #reason(error: errors.JOSEError): string {
    if (error instanceof errors.JWTExpired) return 'the token has expired';
    if (error instanceof errors.JWTClaimValidationFailed) return this.#claimReason(error);
    if (error instanceof errors.JWSSignatureVerificationFailed)
      return 'the token is not signed with a key of its issuer';
    if (error instanceof errors.JOSEAlgNotAllowed)
      return `the token's alg must be one of ${this.#algorithms.join(', ')}`;
    if (error instanceof errors.JWKSNoMatchingKey) return "the token's key (kid) is not one of its issuer's";
    if (error instanceof errors.JWKSMultipleMatchingKeys) return 'the token must name its key (kid): several would fit';
    return 'the token is not a signed JWT';
  }

  #claimReason({ claim, reason }: errors.JWTClaimValidationFailed): string {
    if (reason === 'missing') return `the token has no claim "${claim}"`;
    if (claim === 'nbf' && reason === 'check_failed') return 'the token is not valid yet';
    const { issuer, audience } = this.#settings;
    const wanted = { iss: issuer, aud: audience }[claim];
    return `the token's claim "${claim}" must be ${wanted ?? 'a number'}`;
  }
}
