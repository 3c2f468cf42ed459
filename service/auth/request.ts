import type { Caller } from './caller.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; known from the first handler on. */
    caller: Caller;
  }
}
