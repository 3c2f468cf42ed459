import type { Fault } from '../policy/index.ts';
import type { Sections } from './schema.ts';
import { originOf } from './service-faults.ts';

type Kubernetes = Sections['kubernetes'];

/** Faults between the keys of the chart that are each right by themselves. */
export const kubernetesFaults = (kubernetes: Kubernetes): readonly Fault[] => [
  ...variableFaults(kubernetes.env),
  ...storeFaults(kubernetes.redis),
  ...volumeFaults(kubernetes.volumes),
];

const fault = (field: string, message: string): Fault => ({
  rule: 'config',
  fields: [`kubernetes.${field}`],
  message: `kubernetes.${message}`,
});

/** Login of sentinels is the one thing that nothing but `env` can give. */
const free = ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD'];

const places: Readonly<Record<string, string>> = {
  REDIS_URL: 'kubernetes.redis.urlKey',
  REDIS_USERNAME: 'kubernetes.redis.usernameKey',
  REDIS_PASSWORD: 'kubernetes.redis.passwordKey',
  REDIS_TLS_CA_FILE: 'kubernetes.redis.caKey',
  TLS_CERT_FILE: 'kubernetes.podTlsSecret',
  TLS_KEY_FILE: 'kubernetes.podTlsSecret',
  JWT_SECRET: 'kubernetes.authSecret',
  JWT_PUBLIC_KEY: 'kubernetes.authSecret',
};

const variableFaults = (env: Kubernetes['env']): readonly Fault[] =>
  Object.keys(env).flatMap((name) => {
    const place = free.includes(name) ? undefined : (places[name] ?? originOf(name));
    if (place === undefined) return [];
    return [fault(`env.${name}`, `env.${name} must be absent: it comes from ${place}; set it there`)];
  });

function storeFaults(redis: Kubernetes['redis']): readonly Fault[] {
  if (!redis.bundled) return [];
  return (['usernameKey', 'caKey'] as const).flatMap((key) =>
    redis[key] === undefined
      ? []
      : [
          fault(
            `redis.${key}`,
            `redis.${key} (${JSON.stringify(redis[key])}) must be absent with kubernetes.redis.bundled (true), which has no users and no TLS; remove one of them`,
          ),
        ],
  );
}

function volumeFaults(volumes: Kubernetes['volumes']): readonly Fault[] {
  const names = volumes.map(({ name }) => name);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index && !name.startsWith('sse-kit-')
      ? []
      : [
          fault(
            `volumes.${index}.name`,
            `volumes.${index}.name (${JSON.stringify(name)}) must be a name that is taken neither by another volume nor by the kit, whose names begin with sse-kit-`,
          ),
        ],
  );
}
