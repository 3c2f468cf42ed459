import { hostname } from 'node:os';
import { type Fault, PolicyError, policyFromEnv, type StreamPolicy } from '../lib/policy/index.ts';
import { type AuthSettings, authFromEnv, authModes } from './auth/settings.ts';
import { type PatternName, patternsFrom } from './patterns/settings.ts';
import { type RedisVariables, redisFromEnv } from './redis-settings.ts';
import { type TlsFiles, tlsFromEnv } from './tls.ts';

/** What the service is started with. */
export interface ServiceSettings extends RedisVariables {
  readonly policy: StreamPolicy;
  readonly host: string;
  readonly port: number;
  /** Processes behind the one port. @default 1 */
  readonly workers: number;
  /** Who is let in. */
  readonly auth: AuthSettings;
  /** Absent: HTTP/1.1 without TLS. */
  readonly tls: TlsFiles | undefined;
  /** What one publisher may post in a second, counted by each process. Absent: as much as it likes. */
  readonly publishRatePerSecond: number | undefined;
  /** With the event loop later than this, what is new is turned away. In milliseconds. @default 500 */
  readonly overloadLagMs: number;
  readonly corsOrigins: readonly string[];
  /** Whether X-Forwarded-For and its like are believed. */
  readonly trustProxy: boolean;
  readonly logLevel: LogLevel;
  /** Names this replica in stream ids and logs. */
  readonly replica: string;
  /** Whether `token=` is taken; not where URLs are logged on the way. @default true */
  readonly queryTokens?: boolean;
  /** What the service is called in the metrics that it tells CloudWatch by its log. Absent: it tells none. */
  readonly emfService?: string | undefined;
  /** Which patterns are served besides. */
  readonly patterns: readonly PatternName[];
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The settings of an environment.
 *
 * @throws PolicyError with all faults of the environment, the policy's included.
 */
export function settingsFromEnv(env: Env): ServiceSettings {
  const faults: Fault[] = [];
  const policy = gather(faults, () => policyFromEnv(env));
  const host = env.HOST || '127.0.0.1';
  const authMode = oneOf(authModes, 'AUTH_MODE', env.AUTH_MODE || 'none', faults);
  const settings = {
    host,
    port: wholeFrom('PORT', env.PORT || '8080', 0, 65_535, faults),
    workers: workersFrom(env, policy, faults),
    ...redisFromEnv(env, (name, value, must) => faults.push(fault(name, value, must))),
    auth: authFromEnv(authMode, env, faults),
    tls: tlsFromEnv(env, faults),
    publishRatePerSecond: env.PUBLISH_RATE_PER_SECOND
      ? wholeFrom('PUBLISH_RATE_PER_SECOND', env.PUBLISH_RATE_PER_SECOND, 1, 1_000_000, faults)
      : undefined,
    overloadLagMs: wholeFrom('OVERLOAD_LAG_MS', env.OVERLOAD_LAG_MS || '500', 50, 60_000, faults),
    corsOrigins: originsFrom(env.CORS_ORIGINS, faults),
    trustProxy: oneOf(['true', 'false'], 'TRUST_PROXY', env.TRUST_PROXY || 'false', faults) === 'true',
    logLevel: oneOf(logLevels, 'LOG_LEVEL', env.LOG_LEVEL || 'info', faults),
    replica: replicaFrom(env.REPLICA || ownName(), faults),
    queryTokens: oneOf(['true', 'false'], 'QUERY_TOKENS', env.QUERY_TOKENS || 'true', faults) === 'true',
    emfService: emfServiceFrom(env.EMF_SERVICE, faults),
    patterns: patternsFrom(env.PATTERNS, policy, faults),
  };
  const anonymous = oneOf(['true', 'false'], 'ALLOW_ANONYMOUS', env.ALLOW_ANONYMOUS || 'false', faults) === 'true';
  if (authMode === 'none' && !isLoopback(host) && !anonymous) {
    faults.push(
      fault(
        'HOST',
        host,
        'be a loopback address: without authentication everybody could subscribe and publish; set AUTH_MODE=jwt, or ALLOW_ANONYMOUS=true to allow that',
      ),
    );
  }
  if (faults.length > 0 || policy === undefined) throw new PolicyError('the service cannot start', faults);
  return { policy, ...settings };
}

function fault(name: string, value: string, must: string): Fault {
  return { rule: 'environment', fields: [name], message: `${name} (${value}) must ${must}` };
}

function gather<T>(faults: Fault[], attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

function oneOf<T extends string>(values: readonly T[], name: string, value: string, faults: Fault[]): T {
  const known = values.find((one) => one === value);
  if (known === undefined) faults.push(fault(name, value, `be one of ${values.join(', ')}`));
  return known ?? (values[0] as T);
}

function wholeFrom(name: string, text: string, least: number, most: number, faults: Fault[]): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most)
    faults.push(fault(name, text, `be a whole number from ${least} to ${most}`));
  return number;
}

function workersFrom(env: Env, policy: StreamPolicy | undefined, faults: Fault[]): number {
  const text = env.WORKERS || '1';
  const workers = wholeFrom('WORKERS', text, 1, 64, faults);
  if (workers > 1 && !env.REDIS_URL)
    faults.push(
      fault('WORKERS', text, 'be 1 without REDIS_URL: each process would have an embedded broker of its own'),
    );
  const most = Math.min(policy?.maxStreams ?? workers, policy?.connectRatePerSecond ?? workers);
  if (workers > most)
    faults.push(
      fault(
        'WORKERS',
        text,
        `be at most ${most}, the smaller of maxStreams and connectRatePerSecond, which they share`,
      ),
    );
  return workers;
}

function originsFrom(text: string | undefined, faults: Fault[]): readonly string[] {
  const origins = (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  for (const origin of origins) {
    const wellFormed = URL.canParse(origin) && new URL(origin).origin === origin;
    if (!wellFormed) faults.push(fault('CORS_ORIGINS', origin, 'be a list of origins such as https://app.example.com'));
  }
  return origins;
}

function replicaFrom(text: string, faults: Fault[]): string {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(text))
    faults.push(fault('REPLICA', text, 'be up to 64 letters, digits, dots, dashes or underscores'));
  return text;
}

/** In a container every service is process 1: the host's name, which is the task's or pod's, tells it from the others. */
function ownName(): string {
  if (process.pid !== 1) return `r${process.pid}`;
  return hostname()
    .replaceAll(/[^A-Za-z0-9_.-]/g, '-')
    .slice(0, 64);
}

/** What a dimension's value may be (CloudWatch API, Dimension), without what would need quoting. */
function emfServiceFrom(text: string | undefined, faults: Fault[]): string | undefined {
  if (text && !/^[A-Za-z0-9_.-]{1,255}$/.test(text))
    faults.push(fault('EMF_SERVICE', text, 'be up to 255 letters, digits, dots, dashes or underscores'));
  return text || undefined;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
