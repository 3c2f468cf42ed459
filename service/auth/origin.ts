import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether the page that a browser sends this request for is one of ours: on the service's own host, or in CORS_ORIGINS.
 * What no page sent, a program or an address typed in, is allowed; `undefined` when nothing tells which it is.
 * Pages cannot set either header (both are on the Fetch standard's list of forbidden request headers).
 */
function ofOurs(request: FastifyRequest, corsOrigins: readonly string[]): boolean | undefined {
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return true;
  const { origin } = request.headers;
  if (origin !== undefined)
    return corsOrigins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === request.host);
  // a page of another origin whose request carries no Origin cannot read the answer, and has no business here
  return site === undefined ? undefined : false;
}

/**
 * Whether a request may rely on what a browser adds by itself, a cookie above all. Programs and older browsers that name
 * no origin may read, as a browser names it on every request of another site that could be answered readably, and on
 * every WebSocket; to change something the origin must be known.
 */
export function originAllowed(request: FastifyRequest, corsOrigins: readonly string[]): boolean {
  return ofOurs(request, corsOrigins) ?? safeMethods.has(request.method);
}

/**
 * A request with the cookie must come from a page of ours, and its body must be JSON: a form of another site can send
 * the cookie along, but neither the one nor the other.
 *
 * @throws Problem 403
 */
export function checkCookieRequest(request: FastifyRequest, corsOrigins: readonly string[]): void {
  if (!originAllowed(request, corsOrigins)) {
    const found = request.headers.origin ?? 'one that is not named';
    const accepted = 'the origin must be the own host or one of CORS_ORIGINS';
    throw new Problem(403, `the cookie does not count from this origin (${found}): ${accepted}`);
  }
  const type = request.headers['content-type'];
  const body = request.headers['content-length'] ?? request.headers['transfer-encoding'] ?? '0';
  const json = type === undefined ? body === '0' : /^application\/json\s*(;|$)/i.test(type);
  if (!safeMethods.has(request.method) && !json)
    throw new Problem(403, 'with the cookie a body must come with Content-Type: application/json');
}
