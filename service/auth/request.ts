import type { Refusal } from '../admission.ts';
import type { Caller } from './caller.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; known from the first handler on. */
    caller: Caller;
    /** On a route of `access: 'stream'`: nothing can be said about the caller right now, so it is to come back. */
    refusal: Refusal | undefined;
  }

  interface FastifyContextConfig {
    /**
     * Who is let in where there is authentication. `open`: everybody, and no credential is looked at. `stream`: like all
     * others, but a lost store or key set becomes `request.refusal` instead of 503, and a revoked token gets 204.
     *
     * @default whoever has a token that is good
     */
    access?: 'open' | 'stream';
  }
}
