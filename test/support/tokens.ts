import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JwtSettings } from '../../service/auth/settings.ts';

export const secret = 'a-secret-of-more-than-32-bytes-for-tests-only';

/** Settings of a service that takes tokens made with `secret`. */
export const jwt: JwtSettings = {
  mode: 'jwt',
  keys: { key: createSecretKey(secret, 'utf8'), algorithms: ['HS256'] },
  issuer: undefined,
  audience: undefined,
};

export const now = (): number => Math.floor(Date.now() / 1000);

export type Claims = Readonly<Record<string, unknown>>;

/** Claims of somebody who may subscribe to `a` and to all that begins with `room.`, and publish there. */
export const claims = (more: Claims = {}): Claims => ({
  sub: 'ada',
  iat: now(),
  exp: now() + 3600,
  sse: { subscribe: ['a', 'room.*'], publish: ['a', 'room.*'] },
  ...more,
});

/** A token as its issuer makes it; `more` replaces claims, and `undefined` removes them. */
export const token = (more: Claims = {}): string => hs256(claims(more));

export const admin = (more: Claims = {}): string =>
  token({ sub: 'root', sse: { subscribe: ['*'], publish: ['*'], admin: true }, ...more });

export function hs256(payload: unknown, key: string = secret, header: Claims = { alg: 'HS256', typ: 'JWT' }): string {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

export interface SigningKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly pem: string;
  readonly jwk: Claims;
  readonly sign: (payload?: Claims, header?: Claims) => string;
}

/** A key pair of an issuer, and tokens made with it (ES256). */
export function signingKey(kid: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey);
  return {
    kid,
    publicKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
    sign: (payload = claims(), header = {}) => {
      const input = `${encoded({ alg: 'ES256', kid, ...header })}.${encoded(payload)}`;
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
  };
}

export const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

export const bearer = (value: string): Record<string, string> => ({ authorization: `Bearer ${value}` });
