import { generateKeyPairSync } from 'node:crypto';
import { settingsFromEnv } from '../../../service/settings.ts';
import { secret, signingKey } from '../../support/tokens.ts';

const faultsOf = (env: Record<string, string>): string[] => {
  try {
    settingsFromEnv(env);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
};

const algorithmsOf = (env: Record<string, string>): readonly string[] => {
  const { auth } = settingsFromEnv({ AUTH_MODE: 'jwt', ...env });
  return auth.mode === 'jwt' && 'algorithms' in auth.keys ? auth.keys.algorithms : [];
};

const rsa = (modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'pem' }).toString();

const curve = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();

const ed25519 = generateKeyPairSync('ed25519');

describe('AUTH_MODE=jwt', () => {
  test('lets the service listen anywhere', () => {
    expect(faultsOf({ AUTH_MODE: 'jwt', JWT_SECRET: secret, HOST: '0.0.0.0' })).toEqual([]);
  });

  test('is read with issuer and audience', () => {
    const env = { AUTH_MODE: 'jwt', JWKS_URL: 'https://login.example/keys', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' };
    expect(settingsFromEnv(env).auth).toEqual({
      mode: 'jwt',
      keys: { jwksUrl: new URL('https://login.example/keys') },
      issuer: 'i',
      audience: 'a',
    });
  });

  test('takes of each key the algorithms that it is made for', () => {
    expect(algorithmsOf({ JWT_SECRET: 'x'.repeat(32) })).toEqual(['HS256']);
    expect(algorithmsOf({ JWT_SECRET: 'x'.repeat(48) })).toEqual(['HS256', 'HS384']);
    expect(algorithmsOf({ JWT_SECRET: 'x'.repeat(64) })).toEqual(['HS256', 'HS384', 'HS512']);
    expect(algorithmsOf({ JWT_PUBLIC_KEY: rsa(2048) })).toEqual(
      ['RS', 'PS'].flatMap((kind) => ['256', '384', '512'].map((bits) => kind + bits)),
    );
    expect(algorithmsOf({ JWT_PUBLIC_KEY: curve('P-256') })).toEqual(['ES256']);
    expect(algorithmsOf({ JWT_PUBLIC_KEY: curve('P-521') })).toEqual(['ES512']);
    expect(
      algorithmsOf({ JWT_PUBLIC_KEY: ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
    ).toEqual(['EdDSA', 'Ed25519']);
  });

  test('takes a key whose line ends are written \\n', () => {
    expect(algorithmsOf({ JWT_PUBLIC_KEY: signingKey('k').pem.replaceAll('\n', '\\n') })).toEqual(['ES256']);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['no key', {}, /exactly one of JWT_SECRET, JWT_PUBLIC_KEY, JWKS_URL; none is set/],
    ['two keys', { JWT_SECRET: secret, JWKS_URL: 'https://a.example' }, /JWT_SECRET and JWKS_URL are set/],
    ['a short secret', { JWT_SECRET: 'hunter2'.repeat(4) }, /JWT_SECRET must have at least 32 bytes, and has 28/],
    ['a key that is none', { JWT_PUBLIC_KEY: 'hunter2' }, /JWT_PUBLIC_KEY must be a PEM public key.*cannot be read/],
    ['a short key', { JWT_PUBLIC_KEY: rsa(1024) }, /this one has 1024 bits/],
    ['a key of another kind', { JWT_PUBLIC_KEY: curve('secp256k1') }, /this one is ec secp256k1/],
    [
      'a private key',
      { JWT_PUBLIC_KEY: ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      /private, and belongs to the issuer alone/,
    ],
    ['a key set at no URL', { JWKS_URL: 'hunter2' }, /JWKS_URL must be a URL that begins with https:/],
    ['a key set behind a password', { JWKS_URL: 'https://me:hunter2@a.example' }, /without a user or password/],
    ['everybody let in', { JWT_SECRET: secret, ALLOW_ANONYMOUS: 'true' }, /ALLOW_ANONYMOUS must not be true/],
  ])('fails with %s, and does not repeat it', (_, env, message) => {
    const faults = faultsOf({ AUTH_MODE: 'jwt', ...env });
    expect(faults).toEqual([expect.stringMatching(message)]);
    expect(faults.join()).not.toContain('hunter2');
  });

  test('fails together with everything else', () => {
    expect(faultsOf({ AUTH_MODE: 'jwt', JWT_SECRET: 'short', PORT: 'x' })).toHaveLength(2);
    expect(faultsOf({ AUTH_MODE: 'basic' }).join()).toContain('AUTH_MODE (basic) must be one of none, jwt');
  });
});

test.each(['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWKS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE'])(
  'AUTH_MODE=none fails on %s, which would seem to protect something',
  (name) => {
    expect(faultsOf({ [name]: 'hunter2' })).toEqual([
      `  ${name} must not be set with AUTH_MODE=none, where no token is looked at [environment]`,
    ]);
  },
);
