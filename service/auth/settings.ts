import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { Fault } from '../../lib/policy/index.ts';

/** One key, and the algorithms that a token may name with it. */
export interface FixedKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

export interface JwtSettings {
  readonly mode: 'jwt';
  /** The key itself, or where the issuer publishes its keys. */
  readonly keys: FixedKey | { readonly jwksUrl: URL };
  /** Checked when set. */
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

export type AuthSettings = { readonly mode: 'none' } | JwtSettings;

export const authModes = ['none', 'jwt'] as const;

type Env = Readonly<Record<string, string | undefined>>;

const keyVariables = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWKS_URL'] as const;
const variables = [...keyVariables, 'JWT_ISSUER', 'JWT_AUDIENCE'] as const;

/** A secret must be as long as its hash, RFC 7518 §3.2: the longer it is, the more of these it may serve. */
const secretAlgorithms = [
  { bytes: 32, algorithm: 'HS256' },
  { bytes: 48, algorithm: 'HS384' },
  { bytes: 64, algorithm: 'HS512' },
];
/** RFC 7518 §3.3. */
const leastRsaBits = 2048;

/** By the name Node gives a key's kind, and its curve where it has one. */
const publicAlgorithms: Readonly<Record<string, readonly string[]>> = {
  rsa: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'ec prime256v1': ['ES256'],
  'ec secp384r1': ['ES384'],
  'ec secp521r1': ['ES512'],
  ed25519: ['EdDSA', 'Ed25519'],
};

/** What a key set's tokens may be signed with; a secret in a public set is no secret, and `none` is no signature. */
export const keySetAlgorithms: readonly string[] = Object.values(publicAlgorithms).flat();

/** Who may come in, as the environment says. Faults are added to the others; no value is repeated in them. */
export function authFromEnv(mode: AuthSettings['mode'], env: Env, faults: Fault[]): AuthSettings {
  if (mode === 'none') {
    for (const name of variables)
      if (env[name]) faults.push(fault(name, 'not be set with AUTH_MODE=none, where no token is looked at'));
    return { mode };
  }
  const given = keyVariables.filter((name) => env[name]);
  const [name] = given;
  if (name === undefined || given.length > 1) {
    const found = given.length === 0 ? 'none is' : `${given.join(' and ')} are`;
    faults.push(fault('AUTH_MODE=jwt', `come with exactly one of ${keyVariables.join(', ')}; ${found} set`));
    return { mode: 'none' };
  }
  if (env.ALLOW_ANONYMOUS === 'true')
    faults.push(fault('ALLOW_ANONYMOUS', 'not be true with AUTH_MODE=jwt, which lets nobody in without a token'));
  const keys = sources[name](env[name] as string, faults);
  if (keys === undefined) return { mode: 'none' };
  return { mode, keys, issuer: env.JWT_ISSUER || undefined, audience: env.JWT_AUDIENCE || undefined };
}

const sources: Readonly<
  Record<(typeof keyVariables)[number], (text: string, faults: Fault[]) => JwtSettings['keys'] | undefined>
> = {
  JWT_SECRET: secretFrom,
  JWT_PUBLIC_KEY: publicKeyFrom,
  JWKS_URL: keySetFrom,
};

function secretFrom(text: string, faults: Fault[]): FixedKey | undefined {
  const key = createSecretKey(text, 'utf8');
  const size = key.symmetricKeySize ?? 0;
  const algorithms = secretAlgorithms.filter(({ bytes }) => size >= bytes).map(({ algorithm }) => algorithm);
  if (algorithms.length > 0) return { key, algorithms };
  faults.push(fault('JWT_SECRET', `have at least 32 bytes, and has ${size}; try: openssl rand -base64 48`));
  return undefined;
}

function publicKeyFrom(text: string, faults: Fault[]): FixedKey | undefined {
  const accepted = 'be a PEM public key: RSA of 2048 bits or more, EC P-256, P-384 or P-521, or Ed25519';
  const refuse = (why: string): undefined => {
    faults.push(fault('JWT_PUBLIC_KEY', `${accepted}; ${why}`));
    return undefined;
  };
  // Node would derive the public key from it, and the private one would go on lying about here
  if (text.includes('PRIVATE KEY')) return refuse('this one is private, and belongs to the issuer alone');
  const key = parsed(text);
  if (key === undefined) return refuse('this one cannot be read');
  const { namedCurve, modulusLength = leastRsaBits } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < leastRsaBits) return refuse(`this one has ${modulusLength} bits`);
  const kind = [key.asymmetricKeyType, namedCurve].filter(Boolean).join(' ');
  const algorithms = publicAlgorithms[kind];
  return algorithms ? { key, algorithms } : refuse(`this one is ${kind}`);
}

function parsed(text: string): KeyObject | undefined {
  try {
    // where a variable can only hold one line, line ends are written \n
    return createPublicKey(text.replaceAll('\\n', '\n'));
  } catch {
    return undefined;
  }
}

function keySetFrom(text: string, faults: Fault[]): { jwksUrl: URL } | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['https:', 'http:'].includes(url.protocol) && url.username === '' && url.password === '')
    return { jwksUrl: url };
  faults.push(fault('JWKS_URL', 'be a URL that begins with https:// or http://, without a user or password'));
  return undefined;
}

function fault(name: string, must: string): Fault {
  return { rule: 'environment', fields: [name], message: `${name} must ${must}` };
}
