import { PolicyError, retryBoundsMs, type StreamPolicy } from '../policy/index.ts';

/** How far back the rate rule of a web ACL looks, in seconds: one of 60, 120, 300 and 600 (WAF API, EvaluationWindowSec). */
export const rateWindowSeconds = 300;

/** What a rate rule can count up to (WAF API, RateBasedStatement, Limit). */
const mostRequests = 2_000_000_000;

/** A ticket is fetched before each stream that is opened by one. */
const requestsPerAttempt = 2;

/**
 * Requests in `rateWindowSeconds` that one address may make before it is no reconnect storm but a flood:
 *
 * usersPerAddress × maxStreamsPerUser × 2 × ⌈rateWindowSeconds ÷ shortest retry⌉
 *
 * Each stream of everybody behind the address comes back at the shortest `retry:` that the policy draws, is turned away
 * and comes again for as long as the rule looks back, with a ticket fetched for each attempt. A refusal by the rule is
 * for good (an EventSource never comes back after it), so there must be nothing that clients do by themselves above it.
 *
 * @throws PolicyError when the rule cannot count that far.
 */
export function reconnectLimit(policy: StreamPolicy, usersPerAddress: number): number {
  const attempts = Math.ceil((rateWindowSeconds * 1000) / retryBoundsMs(policy).least);
  const perUser = policy.maxStreamsPerUser * requestsPerAttempt * attempts;
  const limit = usersPerAddress * perUser;
  if (limit <= mostRequests) return limit;
  const message = `usersPerAddress (${usersPerAddress}) × maxStreamsPerUser (${policy.maxStreamsPerUser}) × ${requestsPerAttempt} × ${attempts} attempts must be at most ${mostRequests} requests; lower usersPerAddress to ${Math.floor(mostRequests / perUser)}`;
  throw new PolicyError('the web ACL does not hold', [
    { rule: 'web-acl-rate', fields: ['usersPerAddress', 'maxStreamsPerUser', 'retryMs', 'retryJitter'], message },
  ]);
}
