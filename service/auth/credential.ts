import type { FastifyRequest } from 'fastify';
import { Unauthorized } from './errors.ts';

/** What somebody shows to be let in, and how it came. */
export interface Credential {
  readonly kind: 'ticket' | 'bearer' | 'query' | 'cookie';
  readonly value: string;
}

type Credentials = Pick<FastifyRequest, 'headers' | 'query'>;

/**
 * The app sets this cookie, not the service. What a JWT is written with needs no escape in a cookie (RFC 6265 §4.1.1), so
 * its value is taken as it stands.
 */
const tokenCookie = /(?:^|;) *sse_token=([^;\s]+)/;

/** A token with hundreds of grants has less; most servers in front accept no longer header lines (nginx: 8k). */
const mostCharacters = 8192;

/**
 * The credential that counts. What was put into the request on purpose goes before what the browser adds by itself, and
 * the shorter-lived before the longer: `ticket=`, `Authorization: Bearer`, `token=`, the cookie. There is no falling
 * back: a bad ticket is a bad ticket, whatever cookie came with it.
 *
 * @throws Unauthorized
 */
export function credentialOf({ headers, query }: Credentials): Credential | undefined {
  const { ticket, token } = query as Readonly<Record<string, unknown>>;
  const found =
    queried('ticket', 'ticket', ticket) ??
    bearer(headers.authorization) ??
    queried('query', 'token', token) ??
    cookie(headers.cookie);
  if (found && found.value.length > mostCharacters) {
    const size = `${found.value.length} characters, and at most ${mostCharacters} are looked at`;
    throw new Unauthorized(`the token has ${size}`, 'invalid_token');
  }
  return found;
}

function queried(kind: Credential['kind'], name: string, value: unknown): Credential | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new Unauthorized(`${name}= must be given once`, 'invalid_token');
  return { kind, value };
}

function bearer(header: string | undefined): Credential | undefined {
  if (header === undefined) return undefined;
  const [, value] = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header) ?? [];
  if (value === undefined)
    throw new Unauthorized('Authorization must be "Bearer", a space and a token', 'invalid_token');
  return { kind: 'bearer', value };
}

function cookie(header: string | undefined): Credential | undefined {
  const [, value] = (header && tokenCookie.exec(header)) || [];
  return value ? { kind: 'cookie', value } : undefined;
}
