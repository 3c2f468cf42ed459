import { marginSeconds, poolIdleSeconds, retryBoundsMs, type StreamPolicy } from '../../policy/index.ts';

/** Seconds, by the API: VpcOriginConfig and CustomOriginConfig, OriginReadTimeout and OriginKeepaliveTimeout. */
export const timeoutLimit = { least: 1, most: 120 } as const;

/** What CloudFront has where nothing is set (API CustomOriginConfig). */
export const usual = { readTimeout: 30, keepalive: 5, errorCaching: 10 } as const;

/** Managed policies, by the ids that they have in every account (CloudFront developer guide, "Managed policies"). */
export const managed = {
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  allViewer: '216adef6-5c7f-47e4-b989-5492eafa07d3',
  allViewerExceptHost: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
} as const;

/** Where streams are served; everything else has no second origin. */
export const streamPaths = ['/events', '/diagnostics/stream'] as const;

/** What a balancer or CloudFront itself answers while no replica does. */
export const outageCodes = [502, 503, 504] as const;

/**
 * Statuses for which CloudFront keeps an error for ten seconds, whatever Cache-Control says and however little a cache
 * policy keeps (developer guide, "Control how long CloudFront caches errors"): one client's 403 becomes everybody's.
 */
export const keptErrors = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504] as const;

/** Attempts to reach the balancer, and seconds for each: a client waits for them before it is answered softly. */
export const connection = { attempts: 2, timeoutSeconds: 5 } as const;

/** Times its usual longest `retry:` that a client waits when no replica answers: a function answers it, within a quota. */
const patience = 10;

/** Between two packets of a stream, as long as any other hop waits. */
export const readTimeoutSeconds = ({ idleSeconds }: StreamPolicy): number => idleSeconds;

/** The balancer drops an idle connection after its idle timeout, which is idleSeconds; CloudFront lets go before. */
export const keepaliveSeconds = (policy: StreamPolicy): number => poolIdleSeconds(policy) - marginSeconds;

/** Bounds of the `retry:` that the second origin draws, in milliseconds. */
export const outageRetryMs = (policy: StreamPolicy): { readonly least: number; readonly most: number } => {
  const { least, most } = retryBoundsMs(policy);
  return { least, most: patience * most };
};
