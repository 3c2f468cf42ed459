import type { Fault, StreamPolicy } from '../policy/index.ts';
import { authModeOf } from '../targets/service-environment.ts';
import { leastMemoryMiB, mostStreams } from '../targets/service-memory.ts';
import type { Sections } from './schema.ts';

type Service = Sections['service'];

/** Faults between the keys of the service that are each right by themselves. */
export const serviceFaults = (service: Service): readonly Fault[] => [
  ...anonymousFaults(service),
  ...keyFaults(service),
  ...variableFaults(service.env),
];

const fault = (fields: readonly string[], message: string): Fault => ({
  rule: 'config',
  fields: fields.map((field) => `service.${field}`),
  message: `service.${message}`,
});

/** What the service would refuse to start with, found before it is deployed. */
function anonymousFaults({ auth, allowAnonymous }: Service): readonly Fault[] {
  if (auth.mode === 'jwt' && allowAnonymous)
    return [
      fault(
        ['allowAnonymous', 'auth.mode'],
        'allowAnonymous (true) must be false with service.auth.mode ("jwt"), which lets nobody in without a token; set it to false, or the mode to "none"',
      ),
    ];
  if (auth.mode === 'none' && !allowAnonymous)
    return [
      fault(
        ['auth.mode', 'allowAnonymous'],
        'auth.mode ("none") must be "jwt" while service.allowAnonymous (false) is not true: without either, the service refuses to listen beyond loopback',
      ),
    ];
  return [];
}

function keyFaults(service: Service): readonly Fault[] {
  const { key, ...given } = service.auth;
  if (authModeOf(service) === 'none')
    return (['jwksUrl', 'issuer', 'audience'] as const).flatMap((name) =>
      given[name] === undefined
        ? []
        : [
            fault(
              [`auth.${name}`],
              `auth.${name} (${JSON.stringify(given[name])}) must be absent where anybody is let in: no token is looked at; remove it, or set service.allowAnonymous to false`,
            ),
          ],
    );
  if (key === 'JWKS_URL' && given.jwksUrl === undefined)
    return [
      fault(
        ['auth.key', 'auth.jwksUrl'],
        'auth.key ("JWKS_URL") needs service.auth.jwksUrl, the address of the key set',
      ),
    ];
  if (key !== 'JWKS_URL' && given.jwksUrl !== undefined)
    return [
      fault(
        ['auth.jwksUrl', 'auth.key'],
        `auth.jwksUrl (${JSON.stringify(given.jwksUrl)}) goes with service.auth.key ("JWKS_URL") only, and that is ${JSON.stringify(key)}; the service takes one kind of key`,
      ),
    ];
  return [];
}

/** Where the variables that the kit sets by itself come from. */
const ours: Readonly<Record<string, string>> = {
  SSE_POLICY: 'the policy section',
  AUTH_MODE: 'service.auth.mode',
  ALLOW_ANONYMOUS: 'service.allowAnonymous',
  JWKS_URL: 'service.auth.jwksUrl',
  JWT_ISSUER: 'service.auth.issuer',
  JWT_AUDIENCE: 'service.auth.audience',
  TRUST_PROXY: 'service.trustProxy',
  WORKERS: 'service.workers',
  CORS_ORIGINS: 'service.corsOrigins',
  PATTERNS: 'service.patterns',
  LOG_LEVEL: 'service.logLevel',
  PUBLISH_RATE_PER_SECOND: 'service.publishRatePerSecond',
  OVERLOAD_LAG_MS: 'service.overloadLagMs',
  ...Object.fromEntries(
    ['HOST', 'PORT', 'REPLICA', 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'REDIS_TLS_CA_FILE'].map((name) => [
      name,
      'the platform, which knows it',
    ]),
  ),
  ...Object.fromEntries(
    [
      'REDIS_URL',
      'REDIS_USERNAME',
      'REDIS_PASSWORD',
      'REDIS_SENTINEL_USERNAME',
      'REDIS_SENTINEL_PASSWORD',
      'JWT_SECRET',
      'JWT_PUBLIC_KEY',
    ].map((name) => [name, 'a secret, which no configuration holds']),
  ),
};

/** Where a variable comes from that nobody sets by its name; undefined for everybody's own. */
export const originOf = (variable: string): string | undefined => ours[variable];

const variableFaults = (env: Service['env']): readonly Fault[] =>
  Object.keys(env).flatMap((name) =>
    ours[name] === undefined
      ? []
      : [fault([`env.${name}`], `env.${name} must be absent: it comes from ${ours[name]}; set it there`)],
  );

/** Faults between the size of a replica and what the policy wants it to hold. */
export function sizeFaults({ memoryMiB, workers }: Service, policy: StreamPolicy): readonly Fault[] {
  return [...memoryFaults(memoryMiB, workers, policy), ...workerFaults(workers, policy)];
}

function memoryFaults(memoryMiB: number, workers: number, policy: StreamPolicy): readonly Fault[] {
  const least = leastMemoryMiB(policy, workers);
  if (memoryMiB >= least) return [];
  const most = mostStreams(policy, memoryMiB, workers);
  const instead = most > 0 ? `, or lower policy.maxStreams to ${most}` : '';
  return [
    {
      rule: 'config',
      fields: ['service.memoryMiB', 'service.workers', 'policy.maxStreams', 'policy.slowClientBytes'],
      message: `service.memoryMiB (${memoryMiB}) must be at least ${least} for policy.maxStreams (${policy.maxStreams}), a hundred clients that do not read (policy.slowClientBytes, ${policy.slowClientBytes}) and service.workers (${workers}); raise service.memoryMiB to ${least}${instead}`,
    },
  ];
}

function workerFaults(workers: number, { maxStreams, connectRatePerSecond }: StreamPolicy): readonly Fault[] {
  const most = Math.min(maxStreams, connectRatePerSecond);
  if (workers <= most) return [];
  return [
    {
      rule: 'config',
      fields: ['service.workers', 'policy.maxStreams', 'policy.connectRatePerSecond'],
      message: `service.workers (${workers}) must be at most ${most}, the smaller of policy.maxStreams and policy.connectRatePerSecond, which they share; lower service.workers to ${most}`,
    },
  ];
}
