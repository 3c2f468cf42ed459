import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaults } from '../../lib/policy/index.ts';
import { settingsFromEnv } from '../../service/settings.ts';

const faultsOf = (env: Record<string, string>): string[] => {
  try {
    settingsFromEnv(env);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
};

describe('the environment', () => {
  test('may be empty: loopback, the embedded broker, the default policy', () => {
    expect(settingsFromEnv({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      redisUrl: undefined,
      policy: defaults,
      trustProxy: false,
      corsOrigins: [],
    });
  });

  test('is read', () => {
    const env = {
      PORT: '0',
      HOST: '::1',
      REDIS_URL: 'rediss://store:6379',
      REDIS_USERNAME: 'u',
      REDIS_PASSWORD: 'p',
      CORS_ORIGINS: 'https://a.example, https://b.example',
      TRUST_PROXY: 'true',
      LOG_LEVEL: 'warn',
      REPLICA: 'one',
      QUERY_TOKENS: 'false',
      EMF_SERVICE: 'SseKit',
      SSE_POLICY: '{"heartbeatSeconds":5}',
    };
    expect(settingsFromEnv(env)).toMatchObject({
      port: 0,
      host: '::1',
      redisUrl: 'rediss://store:6379',
      redisUsername: 'u',
      redisPassword: 'p',
      corsOrigins: ['https://a.example', 'https://b.example'],
      trustProxy: true,
      logLevel: 'warn',
      replica: 'one',
      queryTokens: false,
      emfService: 'SseKit',
      policy: { heartbeatSeconds: 5 },
    });
  });

  test('fails with all its faults at once, the policy’s too', () => {
    expect(
      faultsOf({
        PORT: 'http',
        LOG_LEVEL: 'loud',
        REDIS_URL: 'http://user:hunter2@store',
        CORS_ORIGINS: 'https://a.example/path',
        SSE_POLICY: '{"heartbeatSeconds":-1}',
      }),
    ).toMatchInlineSnapshot(`
[
  "  heartbeatSeconds (-1) must be a whole number of seconds from 1 to 3600 [policy-field]",
  "  PORT (http) must be a whole number from 0 to 65535 [environment]",
  "  REDIS_URL (not shown) must be a URL that begins with redis:// or rediss:// (or redis+sentinel://, redis+cluster://, and with TLS rediss+…://), names its hosts and has no query [environment]",
  "  CORS_ORIGINS (https://a.example/path) must be a list of origins such as https://app.example.com [environment]",
  "  LOG_LEVEL (loud) must be one of fatal, error, warn, info, debug, trace, silent [environment]",
]
`);
  });

  test('fails on a name that CloudWatch would not take', () => {
    expect(faultsOf({ EMF_SERVICE: 'my service' })).toEqual([
      '  EMF_SERVICE (my service) must be up to 255 letters, digits, dots, dashes or underscores [environment]',
    ]);
  });

  test('names sentinels, clusters and authorities for Redis', () => {
    const ca = join(mkdtempSync(join(tmpdir(), 'sse-kit-')), 'ca.pem');
    writeFileSync(ca, '-----BEGIN CERTIFICATE-----\n');
    const env = {
      REDIS_URL: 'rediss+sentinel://one,two:26380/mymaster/2',
      REDIS_SENTINEL_USERNAME: 'su',
      REDIS_SENTINEL_PASSWORD: 'sp',
      REDIS_TLS_CA_FILE: ca,
    };
    expect(settingsFromEnv(env)).toMatchObject({
      redisUrl: env.REDIS_URL,
      redisSentinelUsername: 'su',
      redisSentinelPassword: 'sp',
      redisCa: '-----BEGIN CERTIFICATE-----\n',
    });
    expect(settingsFromEnv({ REDIS_URL: 'redis+cluster://one:7000,two:7001' })).toMatchObject({ redisCa: undefined });
  });

  test('fails with what is set for Redis and has no effect, and shows none of it', () => {
    const env = {
      REDIS_URL: 'redis://store',
      REDIS_SENTINEL_PASSWORD: 'hunter2',
      REDIS_TLS_CA_FILE: '/nowhere/ca.pem',
    };
    expect(faultsOf(env)).toEqual([
      '  REDIS_SENTINEL_PASSWORD (not shown) must be set only with a REDIS_URL that names sentinels [environment]',
      '  REDIS_TLS_CA_FILE (not shown) must be set only with a REDIS_URL that begins with rediss [environment]',
      '  REDIS_TLS_CA_FILE (/nowhere/ca.pem) must be a readable file of certificates in PEM form [environment]',
    ]);
  });

  test('names the patterns, each once and none by itself', () => {
    expect(settingsFromEnv({}).patterns).toEqual([]);
    expect(settingsFromEnv({ PATTERNS: 'tokens, notifications,tokens' }).patterns).toEqual(['notifications', 'tokens']);
    expect(faultsOf({ PATTERNS: 'tokens,chat', SSE_POLICY: '{"maxEventBytes":100}' })).toEqual([
      expect.stringContaining('PATTERNS (chat) must be a list of notifications, dashboard, tokens'),
      expect.stringContaining('PATTERNS (tokens) needs maxEventBytes (100) to be at least 8192'),
    ]);
  });

  test('fails beyond loopback without authentication, unless that is allowed', () => {
    expect(faultsOf({ HOST: '0.0.0.0' })).toEqual([
      expect.stringContaining('set AUTH_MODE=jwt, or ALLOW_ANONYMOUS=true'),
    ]);
    expect(faultsOf({ HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' })).toEqual([]);
  });
});
