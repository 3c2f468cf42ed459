import type { Hop } from '../policy/index.ts';
import { numberFrom, type Values } from './settings.ts';

/**
 * What a REST API of API Gateway with `ResponseTransferMode: STREAM` does to a stream: it ends it after TimeoutInMillis,
 * 29 s by default and 15 minutes at most (API Gateway developer guide, "Stream the integration response"). Its idle
 * timer, 5 minutes on regional and 30 s on edge-optimized endpoints, cannot be set and is not in a method's properties.
 */
export function readApiGatewayMethod(values: Values): Hop {
  const ms = numberFrom(values, 'TimeoutInMillis', 29_000);
  return { target: 'api-gateway', durationCaps: [{ value: ms / 1000, setting: `TimeoutInMillis=${ms}` }] };
}
