import { drawRetryMs } from '../../lib/policy/index.ts';
import type { Refusal } from '../admission.ts';
import type { Caller } from '../auth/caller.ts';
import type { ServiceStream } from '../delivery.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';

/** Why nothing can be opened right now, whichever edge it is asked for on. */
export function refusalOf(
  { settings: { policy }, delivery, broker, admission }: Service,
  user: string | undefined,
): Refusal | undefined {
  if (delivery.draining) return { reason: 'draining', retryMs: drawRetryMs(policy) };
  if (!broker.connected) return { reason: 'store-lost', retryMs: drawRetryMs(policy) };
  return admission.refuse(delivery.size, user === undefined ? 0 : delivery.streamsOf(user));
}

/** For a stream that has just been opened: its user's rights may have been taken back while its channels were subscribed to. */
export function endIfRevoked({ auth, delivery }: Service, caller: Caller, stream: ServiceStream): void {
  if (auth.revocations.covers(caller)) delivery.fanout.close(stream, 'revoked');
}

/** A refusal for clients that come back after any status: 429 when it is about them, else 503. */
export function refusalProblem(
  { settings: { policy }, delivery, metrics }: Service,
  { reason, retryMs }: Refusal,
  user?: string,
): Problem {
  metrics.softFails.inc({ reason });
  const theirs = reason === 'limit' && user !== undefined && delivery.streamsOf(user) >= policy.maxStreamsPerUser;
  const detail = theirs
    ? `you have ${delivery.streamsOf(user)} streams here, and maxStreamsPerUser is ${policy.maxStreamsPerUser}`
    : `no new streams: ${reason}`;
  return new Problem(theirs ? 429 : 503, detail, Math.ceil(retryMs / 1000));
}
