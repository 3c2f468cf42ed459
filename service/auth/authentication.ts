import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { drawRetryMs, type SoftFailReason } from '../../lib/policy/index.ts';
import { StoreUnavailable } from '../broker/broker.ts';
import type { Service } from '../service.ts';
import { anyone, type Caller, nobody } from './caller.ts';
import { type Credential, credentialOf } from './credential.ts';
import { KeysUnavailable, Revoked, Unauthorized } from './errors.ts';
import { checkCookieRequest } from './origin.ts';
import type { Tokens } from './tokens.ts';

/**
 * Finds out who asks, before anything else is done for a request. Without a credential that is good nobody gets further,
 * on any route that does not say otherwise (`access`). To be registered behind CORS: pages must be able to read a refusal.
 */
export function registerAuthentication(app: FastifyInstance, service: Service): void {
  const { tokens } = service.auth;
  app.decorateRequest('refusal');
  if (tokens === undefined) {
    app.decorateRequest('caller', { getter: () => anyone });
    return;
  }
  app.decorateRequest('caller');
  app.addHook('onRequest', (request, reply, done) => {
    request.caller = nobody;
    if (request.is404 || request.routeOptions.config.access === 'open') return done();
    const found = attempt(() => identify(service, tokens, request));
    // a token that is known, as most are in a storm, costs no turn of the loop
    if (found instanceof Promise) void found.catch(asError).then((one) => enter(service, one, request, reply, done));
    else enter(service, found, request, reply, done);
  });
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function attempt<T>(action: () => T): T | Error {
  try {
    return action();
  } catch (error) {
    return asError(error);
  }
}

const notInQuery =
  'token= is not taken here, where URLs are logged on the way: show the token as "Authorization: Bearer <token>" or as the cookie sse_token, or a ticket from POST /tickets';

/** Who shows this credential; an error tells why it is not good. */
function identify(service: Service, tokens: Tokens, request: FastifyRequest): Caller | Promise<Caller> {
  const credential = credentialOf(request);
  if (credential === undefined) throw new Unauthorized('a token is needed, as in "Authorization: Bearer <token>"');
  if (credential.kind === 'query' && service.settings.queryTokens === false)
    throw new Unauthorized(notInQuery, 'invalid_token');
  if (credential.kind === 'cookie') checkCookieRequest(request, service.settings.corsOrigins);
  if (credential.kind !== 'ticket' && service.auth.revocations.known) return tokens.callerOf(credential.value);
  return lookUp(service.auth, tokens, credential);
}

async function lookUp({ tickets, revocations }: Service['auth'], tokens: Tokens, { kind, value }: Credential) {
  // a replica that has not read the revocations yet must not let in whom the others keep out
  if (!revocations.known) await revocations.read();
  if (kind !== 'ticket') return tokens.callerOf(value);
  const caller = await tickets.redeem(value);
  if (caller) return caller;
  throw new Unauthorized('this ticket was used before, is too old or never was one', 'invalid_token');
}

function enter(
  { auth, settings }: Service,
  found: Caller | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  done: DoneFuncWithErrOrRes,
): void {
  const revoked = !(found instanceof Error) && auth.revocations.covers(found);
  if (!(found instanceof Error) && !revoked) {
    request.caller = found;
    done();
    return;
  }
  const error = found instanceof Error ? found : new Revoked();
  const onStream = request.routeOptions.config.access === 'stream';
  const reason = onStream ? softReason(error) : undefined;
  if (reason !== undefined) {
    request.refusal = { reason, retryMs: drawRetryMs(settings.policy) };
    done();
    return;
  }
  if (onStream && revoked) {
    // the status that tells an EventSource, and every other client of streams, to stay away
    void reply.code(204).send();
    return;
  }
  if (error instanceof Unauthorized) reply.header('www-authenticate', error.challenge);
  done(error);
}

/** What is no fault of the token, and over in a while. */
function softReason(error: Error): SoftFailReason | undefined {
  if (error instanceof StoreUnavailable) return 'store-lost';
  return error instanceof KeysUnavailable ? 'keys-lost' : undefined;
}
