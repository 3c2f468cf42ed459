import { policyToEnv, type StreamPolicy } from '../policy/index.ts';

/** Who is let in, as the configuration says it. */
export interface ServiceAuth {
  /** @default - jwt; none where anonymous is allowed */
  readonly mode?: 'none' | 'jwt' | undefined;
  /** The variable whose key tokens are verified with; both but JWKS_URL come from a secret. @default JWT_SECRET */
  readonly key?: 'JWT_SECRET' | 'JWT_PUBLIC_KEY' | 'JWKS_URL' | undefined;
  /** Where the issuer publishes its keys; goes with the key JWKS_URL. */
  readonly jwksUrl?: string | undefined;
  /** Checked when set. */
  readonly issuer?: string | undefined;
  /** Checked when set. */
  readonly audience?: string | undefined;
}

/** What decides how the service is started, wherever it runs. */
export interface ServiceOptions {
  /** Everybody who reaches the service may subscribe and publish. @default false */
  readonly allowAnonymous?: boolean | undefined;
  /** @default - tokens, verified with JWT_SECRET */
  readonly auth?: ServiceAuth | undefined;
  /** Origins of pages that may read from another site. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Whether X-Forwarded-For is believed: yes behind an edge that is the only way in. @default true */
  readonly trustProxy?: boolean | undefined;
  /** Processes in a replica, one a core. @default 1 */
  readonly workers?: number | undefined;
  /** @default none */
  readonly patterns?: readonly string[] | undefined;
  /** @default - the service's own, info */
  readonly logLevel?: string | undefined;
  /** What one publisher may post in a second. @default - as much as it likes */
  readonly publishRatePerSecond?: number | undefined;
  /** Milliseconds of event loop lag from which what is new is turned away. @default - the service's own, 500 */
  readonly overloadLagMs?: number | undefined;
  /** Variables of one's own. Those that the kit sets win. @default none */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Variables whose values are secrets, or whole keys: a platform refers to them and never writes them down. */
export type SecretVariable = 'JWT_SECRET' | 'JWT_PUBLIC_KEY';

export interface ServiceEnvironment {
  /** To be written down as they are. */
  readonly plain: Readonly<Record<string, string>>;
  /** To be taken from a store of secrets. */
  readonly secrets: readonly SecretVariable[];
}

/** Where the service listens; unprivileged, as its user is. */
export const servicePort = 8080;

/** Without a word about it, tokens: a service that nobody has to identify to does not listen beyond loopback. */
export const authModeOf = ({ auth, allowAnonymous }: ServiceOptions): 'none' | 'jwt' =>
  auth?.mode ?? (allowAnonymous ? 'none' : 'jwt');

/**
 * The environment of the service behind an edge, the same on every platform. What only the platform knows comes on
 * top: REDIS_URL and its login, REPLICA, the files of certificates.
 */
export function serviceEnvironment(policy: StreamPolicy, options: ServiceOptions): ServiceEnvironment {
  const auth = authEnvironment(options);
  return {
    plain: {
      ...options.env,
      HOST: '0.0.0.0',
      PORT: String(servicePort),
      ...auth.plain,
      ...traits(options),
      ...policyToEnv(policy),
    },
    secrets: auth.secrets,
  };
}

function authEnvironment(options: ServiceOptions): ServiceEnvironment {
  if (authModeOf(options) === 'none')
    return { plain: { AUTH_MODE: 'none', ...(options.allowAnonymous && { ALLOW_ANONYMOUS: 'true' }) }, secrets: [] };
  const { key = 'JWT_SECRET', jwksUrl, issuer, audience } = options.auth ?? {};
  const plain = given({ AUTH_MODE: 'jwt', JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience });
  return { plain, secrets: key === 'JWKS_URL' ? [] : [key] };
}

function traits(options: ServiceOptions): Readonly<Record<string, string>> {
  return given({
    TRUST_PROXY: options.trustProxy ?? true,
    WORKERS: options.workers === 1 ? undefined : options.workers,
    CORS_ORIGINS: options.corsOrigins?.join(','),
    PATTERNS: options.patterns?.join(','),
    LOG_LEVEL: options.logLevel,
    PUBLISH_RATE_PER_SECOND: options.publishRatePerSecond,
    OVERLOAD_LAG_MS: options.overloadLagMs,
  });
}

/** Variables that have a value, as text. An empty list is as good as none. */
function given(variables: Readonly<Record<string, string | number | boolean | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)]],
    ),
  );
}
