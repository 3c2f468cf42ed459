import { createHmac } from 'node:crypto';
import { InvalidArgumentError } from 'commander';
import { grantPattern, userPattern } from '../policy/index.ts';
import { type AddCommand, type Io, type Outcome, status, UsageError } from './command.ts';

interface TokenOptions {
  readonly sub: string;
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
  readonly admin?: boolean;
  /** Seconds. */
  readonly expires: number;
}

/** What the service asks of a secret, RFC 7518 §3.2. */
const leastSecretBytes = 32;
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export const addToken: AddCommand = (program, act) => {
  program
    .command('token')
    .description('a token for development, signed with JWT_SECRET (HS256), for JWT_ISSUER and JWT_AUDIENCE when set')
    .requiredOption('--sub <user>', 'whom it speaks of; user:<user> is granted with it', user)
    .option('--subscribe <patterns>', 'channels, separated by commas; a name may end in *; repeatable', patterns, [])
    .option('--publish <patterns>', 'the same for publishing', patterns, [])
    .option('--admin', 'may end the streams of users and see statistics')
    .option('--expires <duration>', 'a number and s, m, h or d', duration, 3600)
    .action((options: TokenOptions) => act(({ io }) => token(options, io)));
};

function token({ sub, subscribe, publish, admin = false, expires }: TokenOptions, { env }: Io): Outcome {
  const secret = env.JWT_SECRET ?? '';
  if (Buffer.byteLength(secret) < leastSecretBytes)
    throw new UsageError(
      `JWT_SECRET must be set to what the service has, at least ${leastSecretBytes} bytes; try: export JWT_SECRET=$(openssl rand -base64 48)`,
    );
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    ...(env.JWT_ISSUER && { iss: env.JWT_ISSUER }),
    ...(env.JWT_AUDIENCE && { aud: env.JWT_AUDIENCE }),
    sub,
    iat,
    exp: iat + expires,
    sse: { subscribe, publish, admin },
  };
  const signed = sign(claims, secret);
  return { text: `${signed}\n`, data: { token: signed, claims }, status: status.fine };
}

/** JWS compact serialization, RFC 7515 §3.1. */
function sign(claims: object, secret: string): string {
  const input = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function user(text: string): string {
  if (new RegExp(userPattern, 'u').test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 128 characters, none of them a control character.');
}

function patterns(text: string, before: readonly string[]): readonly string[] {
  const given = text.split(',');
  const bad = given.find((one) => !new RegExp(grantPattern).test(one));
  if (bad === undefined) return [...before, ...given];
  throw new InvalidArgumentError(`"${bad}" must be a channel name (letters, digits, _ . : -), which may end in *.`);
}

function duration(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (unitSeconds[unit] ?? 1);
  throw new InvalidArgumentError('It must be a whole number and s, m, h or d, as in 1h.');
}
