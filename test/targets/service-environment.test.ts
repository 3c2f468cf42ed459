import { patterns } from '../../lib/config/sections/service.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { type ServiceOptions, serviceEnvironment } from '../../lib/targets/service-environment.ts';
import { leastMemoryMiB, mostStreams } from '../../lib/targets/service-memory.ts';
import { patternNames } from '../../service/patterns/settings.ts';
import { settingsFromEnv } from '../../service/settings.ts';

const policy = definePolicy({ heartbeatSeconds: 7 });
const secret = 'a secret that is at least thirty-two bytes long';

/** What the service makes of the environment, with a store and with the secrets that it asks for. */
function started(options: ServiceOptions, secrets: Readonly<Record<string, string>> = {}) {
  const environment = serviceEnvironment(policy, options);
  const missing = environment.secrets.filter((name) => secrets[name] === undefined);
  expect(missing).toEqual([]);
  return settingsFromEnv({ REDIS_URL: 'redis://store:6379', ...secrets, ...environment.plain });
}

test('without a word about it, the service wants tokens', () => {
  expect(serviceEnvironment(policy, {})).toMatchObject({
    plain: { AUTH_MODE: 'jwt', HOST: '0.0.0.0', PORT: '8080', TRUST_PROXY: 'true' },
    secrets: ['JWT_SECRET'],
  });
  expect(started({}, { JWT_SECRET: secret })).toMatchObject({ policy, host: '0.0.0.0', auth: { mode: 'jwt' } });
});

test('lets everybody in where that was asked for, and wants no secret for it', () => {
  expect(started({ allowAnonymous: true }).auth).toEqual({ mode: 'none' });
});

test('takes the keys of an issuer from where it publishes them', () => {
  const auth = {
    key: 'JWKS_URL',
    jwksUrl: 'https://id.test/keys',
    issuer: 'https://id.test',
    audience: 'live',
  } as const;

  expect(started({ auth }).auth).toEqual({
    mode: 'jwt',
    keys: { jwksUrl: new URL('https://id.test/keys') },
    issuer: 'https://id.test',
    audience: 'live',
  });
});

test('is what the service understands by it, variable for variable', () => {
  const settings = started({
    allowAnonymous: true,
    trustProxy: false,
    workers: 4,
    corsOrigins: ['https://a.test', 'https://b.test'],
    patterns,
    logLevel: 'warn',
    publishRatePerSecond: 5,
    overloadLagMs: 100,
  });

  expect(settings).toMatchObject({
    trustProxy: false,
    workers: 4,
    corsOrigins: ['https://a.test', 'https://b.test'],
    patterns: patternNames,
    logLevel: 'warn',
    publishRatePerSecond: 5,
    overloadLagMs: 100,
  });
});

test('has no variable for what is left out', () => {
  const { plain } = serviceEnvironment(policy, { corsOrigins: [], patterns: [], workers: 1, allowAnonymous: true });

  expect(Object.keys(plain).sort()).toEqual([
    'ALLOW_ANONYMOUS',
    'AUTH_MODE',
    'HOST',
    'PORT',
    'SSE_POLICY',
    'TRUST_PROXY',
  ]);
});

test('carries variables of one’s own, which change none of its own', () => {
  const { plain } = serviceEnvironment(policy, { env: { NODE_OPTIONS: '--enable-source-maps', PORT: '1' } });

  expect(plain).toMatchObject({ NODE_OPTIONS: '--enable-source-maps', PORT: '8080' });
});

test('memory and streams are each other’s inverse: what is enough for so many is not for one more', () => {
  for (const maxStreams of [1, 1000, 20_000, 250_000]) {
    const least = leastMemoryMiB({ ...policy, maxStreams }, 2);
    const most = mostStreams(policy, least, 2);

    expect(most).toBeGreaterThanOrEqual(maxStreams);
    expect(leastMemoryMiB({ ...policy, maxStreams: most + 1 }, 2)).toBe(least + 1);
  }
});

test('a replica of the defaults needs half of the memory that it gets by default', () => {
  expect(leastMemoryMiB(definePolicy())).toBe(521);
});
