import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/**
 * Limits what one publisher may post in a second: a user, or an address where there is none. Counted by each process by
 * itself; a limit that all share would cost a round trip to the store for each publish. Not there at all without a limit.
 */
export async function limitPublishers(
  app: FastifyInstance,
  perSecond: number | undefined,
  retryAfterSeconds: () => number,
): Promise<void> {
  if (perSecond === undefined) return;
  // before the plugin's own hook, which reads it
  app.addHook('onRoute', (route) => {
    if (route.method === 'POST') route.config = { ...route.config, rateLimit: {} };
  });
  const silent = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };
  await app.register(rateLimit, {
    global: false,
    max: perSecond,
    timeWindow: 1000,
    keyGenerator: publisherOf,
    addHeaders: { ...silent, 'retry-after': false },
    addHeadersOnExceeding: silent,
    errorResponseBuilder: () =>
      new Problem(429, `more than ${perSecond} requests a second (PUBLISH_RATE_PER_SECOND)`, retryAfterSeconds()),
  });
}

/** A user's name cannot be mistaken for an address. */
const publisherOf = ({ caller, ip }: FastifyRequest): string =>
  caller.user === undefined ? ip : `user ${caller.user}`;
