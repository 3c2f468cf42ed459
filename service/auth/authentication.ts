import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
  const { tokens, revocations } = service.auth;
  app.decorateRequest('refusal');
  if (tokens === undefined) {
    app.decorateRequest('caller', { getter: () => anyone });
    return;
  }
  app.decorateRequest('caller');
  const { corsOrigins, policy } = service.settings;
  app.addHook('onRequest', (request, reply, done) => {
    const turnAway = (error: unknown): void => {
      const reason = request.routeOptions.config.access === 'stream' ? softReason(error) : undefined;
      if (reason !== undefined) request.refusal = { reason, retryMs: drawRetryMs(policy) };
      else if (answer(error, request, reply)) return;
      done(reason === undefined ? (error as Error) : undefined);
    };
    request.caller = nobody;
    if (request.is404 || request.routeOptions.config.access === 'open') return done();
    try {
      const credential = credentialOf(request);
      if (credential === undefined) throw new Unauthorized('a token is needed: Authorization: Bearer …');
      if (credential.kind === 'cookie') checkCookieRequest(request, corsOrigins);
      const enter = (caller: Caller): void => {
        if (revocations.covers(caller)) return turnAway(new Revoked());
        request.caller = caller;
        done();
      };
      const found = callerOf(service, tokens, credential);
      // a token that is known, as most are in a storm, costs no turn of the loop
      if (found instanceof Promise) void found.then(enter, turnAway);
      else enter(found);
    } catch (error) {
      turnAway(error);
    }
  });
}

function callerOf({ auth }: Service, tokens: Tokens, { kind, value }: Credential): Caller | Promise<Caller> {
  if (kind !== 'ticket' && auth.revocations.known) return tokens.callerOf(value);
  return lookedUp(auth, tokens, { kind, value });
}

async function lookedUp({ tickets, revocations }: Service['auth'], tokens: Tokens, { kind, value }: Credential) {
  // a replica that has not read the revocations yet must not let in whom the others keep out
  if (!revocations.known) await revocations.read();
  if (kind !== 'ticket') return tokens.callerOf(value);
  const caller = await tickets.redeem(value);
  if (caller) return caller;
  throw new Unauthorized('this ticket was used before, is too old or never was one', 'invalid_token');
}

/** What is no fault of the token, and over in a while. */
function softReason(error: unknown): SoftFailReason | undefined {
  if (error instanceof StoreUnavailable) return 'store-lost';
  return error instanceof KeysUnavailable ? 'keys-lost' : undefined;
}

/** Answers what needs more than its error; true when nothing is left to be done. */
function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): boolean {
  if (error instanceof Revoked && request.routeOptions.config.access === 'stream') {
    // the status that tells an EventSource, and every other client of streams, to stay away
    void reply.code(204).send();
    return true;
  }
  if (error instanceof Unauthorized) reply.header('www-authenticate', error.challenge);
  return false;
}
