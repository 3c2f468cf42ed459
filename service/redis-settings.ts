import { readFileSync } from 'node:fs';
import { type RedisEndpoint, readRedisUrl } from './broker/redis-endpoint.ts';

/** The part of the settings that is about Redis. */
export interface RedisVariables {
  /** Absent: the embedded broker. */
  readonly redisUrl: string | undefined;
  readonly redisUsername: string | undefined;
  readonly redisPassword: string | undefined;
  /** The sentinels' own login. @default none */
  readonly redisSentinelUsername?: string | undefined;
  readonly redisSentinelPassword?: string | undefined;
  /** Certificate authorities to trust for Redis instead of the usual ones, as PEM. @default the usual ones */
  readonly redisCa?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;
type Tell = (name: string, value: string, must: string) => void;

/** Set for nothing: better said than ignored. `goes` tells whether the URL gives them something to do. */
const onlyWith: readonly { names: readonly string[]; goes: (url: RedisEndpoint) => boolean; must: string }[] = [
  {
    names: ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD'],
    goes: ({ kind }) => kind === 'sentinel',
    must: 'be set only with a REDIS_URL that names sentinels',
  },
  {
    names: ['REDIS_TLS_CA_FILE'],
    goes: ({ tls }) => tls,
    must: 'be set only with a REDIS_URL that begins with rediss',
  },
];

/** Reads the variables; faults are told by name, value and what would be accepted. Values that may be secrets are not shown. */
export function redisFromEnv(env: Env, tell: Tell): RedisVariables {
  const endpoint = env.REDIS_URL ? readRedisUrl(env.REDIS_URL) : undefined;
  if (endpoint && 'must' in endpoint) tell('REDIS_URL', 'not shown', endpoint.must);
  else tellIdle(env, endpoint, tell);
  return {
    redisUrl: env.REDIS_URL || undefined,
    redisUsername: env.REDIS_USERNAME || undefined,
    redisPassword: env.REDIS_PASSWORD || undefined,
    redisSentinelUsername: env.REDIS_SENTINEL_USERNAME || undefined,
    redisSentinelPassword: env.REDIS_SENTINEL_PASSWORD || undefined,
    redisCa: caFrom(env.REDIS_TLS_CA_FILE, tell),
  };
}

function tellIdle(env: Env, endpoint: RedisEndpoint | undefined, tell: Tell): void {
  for (const { names, goes, must } of onlyWith) {
    for (const name of names) if (env[name] && !(endpoint && goes(endpoint))) tell(name, 'not shown', must);
  }
}

function caFrom(path: string | undefined, tell: Tell): string | undefined {
  if (!path) return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    // told below, as a file without certificates is
  }
  tell('REDIS_TLS_CA_FILE', path, 'be a readable file of certificates in PEM form');
  return undefined;
}
