import type { JWTPayload } from 'jose';
import { grantPattern, userPattern } from '../../lib/policy/index.ts';
import type { Caller, Grants } from './caller.ts';
import { Unauthorized } from './errors.ts';

/** How far the issuer's clock may be ahead of ours. A token's end is taken as it stands: streams end at it. */
export const clockToleranceSeconds = 5;

/** Beyond the year 5000: such a number was meant as milliseconds. */
const mostSeconds = 1e11;

const isGrant = new RegExp(grantPattern);
const isUser = new RegExp(userPattern, 'u');

/** Who a verified token speaks of. Claims and keys that are not known here are none of our business (RFC 7519 §4). */
export function callerOf({ sub, exp, iat, sse }: JWTPayload, now: number): Caller {
  if (typeof sub !== 'string' || !isUser.test(sub))
    throw invalid('sub', 'be a string of 1 to 128 characters, none of them a control character');
  const expiresAt = milliseconds('exp', exp);
  const issuedAt = iat === undefined ? undefined : milliseconds('iat', iat);
  if (expiresAt <= now) throw new Unauthorized('the token has expired', 'invalid_token');
  // a token from the future would outlive a revocation
  if (issuedAt !== undefined && issuedAt > now + clockToleranceSeconds * 1000) throw invalid('iat', 'lie in the past');
  return { user: sub, issuedAt, expiresAt, grants: grantsOf(sse) };
}

function grantsOf(sse: unknown): Grants {
  if (sse === undefined) return { subscribe: [], publish: [], admin: false };
  if (typeof sse !== 'object' || sse === null || Array.isArray(sse))
    throw invalid('sse', 'be an object { "subscribe"?, "publish"?, "admin"? }');
  const { subscribe, publish, admin = false } = sse as Readonly<Record<string, unknown>>;
  if (typeof admin !== 'boolean') throw invalid('sse.admin', 'be true or false');
  return { subscribe: patternsOf('sse.subscribe', subscribe), publish: patternsOf('sse.publish', publish), admin };
}

function patternsOf(name: string, patterns: unknown = []): readonly string[] {
  const known = Array.isArray(patterns) && patterns.every((one) => typeof one === 'string' && isGrant.test(one));
  if (known) return patterns;
  throw invalid(name, 'be an array of channel names, which may end in *');
}

function milliseconds(name: string, seconds: unknown): number {
  if (typeof seconds !== 'number' || seconds < 0 || seconds > mostSeconds)
    throw invalid(name, 'be a number of seconds since 1970');
  return seconds * 1000;
}

function invalid(claim: string, must: string): Unauthorized {
  return new Unauthorized(`the token's claim "${claim}" must ${must}`, 'invalid_token');
}
