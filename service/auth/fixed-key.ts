import type { KeyObject } from 'node:crypto';
import { type CryptoKey, importJWK, type JWTVerifyGetKey } from 'jose';

/**
 * A public key in the form that verifying needs, made once for each algorithm: made anew for each token, it would cost as
 * much as the signature. The library asks for it only when the algorithm is one that the key may be used with.
 */
export function fixedKey(key: KeyObject): JWTVerifyGetKey {
  const made = new Map<string, Promise<CryptoKey | Uint8Array>>();
  return ({ alg = '' }) => {
    const known = made.get(alg) ?? importJWK(key.export({ format: 'jwk' }), alg);
    made.set(alg, known);
    return known;
  };
}
