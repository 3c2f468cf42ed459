/** What travels between service and client: header values, event names and reasons. Shared so that both ends agree. */

/** Response headers of every stream, lower-case. `no-transform` keeps compressors away, `X-Accel-Buffering` nginx's buffers. */
export const streamHeaders: Readonly<Record<string, string>> = Object.freeze({
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
});

/** Marks a 200 that stands in for a refusal, with the reason as its value. */
export const softFailHeader = 'x-sse-soft-fail';

/**
 * A proxy that sends this request header promises to try another replica on 503 and to soft-fail by itself when none is
 * left. The service then answers it with 503 where it would soft-fail otherwise, so that a reconnect finds a healthy
 * replica at once and not after a retry.
 */
export const proxySoftFailsHeader = 'x-sse-proxy-soft-fails';

export const controlEvents = { open: 'stream:open', gap: 'stream:gap', close: 'stream:close' } as const;

export const gapReasons = ['evicted', 'epoch', 'store-lost'] as const;
export type GapReason = (typeof gapReasons)[number];

export const closeReasons = [
  'max-age',
  'drain',
  'slow',
  'token-expired',
  'revoked',
  'overloaded',
  'store-lost',
] as const;
export type CloseReason = (typeof closeReasons)[number];

export const softFailReasons = ['limit', 'overloaded', 'store-lost', 'keys-lost', 'draining'] as const;
export type SoftFailReason = (typeof softFailReasons)[number];

/** Channel names: safe in URLs, Redis keys and log lines. */
export const channelPattern = '^[A-Za-z0-9_.:-]{1,128}$';

/** What a token may grant: a channel name, or the beginning of one and a `*` for whatever follows. */
export const grantPattern = '^(?:[A-Za-z0-9_.:-]{1,128}|[A-Za-z0-9_.:-]{0,127}\\*)$';

/** A user, the `sub` of a token: one line, short enough for a log and a key. */
export const userPattern = '^[^\\p{Cc}\\p{Cs}]{1,128}$';

/** What a cursor may look like: opaque, safe as Last-Event-ID in every browser and as a query value. */
export const cursorPattern = '^[A-Za-z0-9._-]{1,128}$';
