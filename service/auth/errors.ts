import { Problem } from '../problem.ts';

/** 401: no credential, or one that is not good. The detail says why, and never repeats it. */
export class Unauthorized extends Problem {
  /** RFC 6750 §3: without a credential there is no error to name. */
  readonly challenge: string;

  constructor(detail: string, error?: 'invalid_token') {
    super(401, detail);
    this.challenge = `Bearer realm="sse-kit"${error === undefined ? '' : `, error="${error}"`}`;
  }
}

/** The credential is in order, but its user's grants were taken back after it was issued. */
export class Revoked extends Unauthorized {
  constructor() {
    super('this token was revoked; a newer one is needed', 'invalid_token');
  }
}

/** The issuer's keys cannot be had, so nothing can be said about the token: not a 401, which would be final. */
export class KeysUnavailable extends Problem {
  constructor(retryAfterSeconds: number) {
    super(503, 'the keys to verify tokens with cannot be fetched right now', retryAfterSeconds);
  }
}
