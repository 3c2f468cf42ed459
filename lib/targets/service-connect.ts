import type { Hop } from '../policy/index.ts';
import { numberFrom, type Values } from './settings.ts';

/**
 * Seconds when nothing is set. The proxy ends every HTTP response after 15 s, however busy it is (ECS API,
 * TimeoutConfiguration; Envoy's route timeout); TCP has an idle timer only.
 */
const defaults = { http: { idle: 300, request: 15 }, tcp: { idle: 3600, request: 0 } };

const zeroIsOff = (seconds: number): number => (seconds === 0 ? Number.POSITIVE_INFINITY : seconds);

/** What the proxy of ECS Service Connect does to a stream: TimeoutConfiguration, and the port's `AppProtocol`. */
export function readServiceConnect(values: Values): Hop {
  const preset = values.AppProtocol === undefined ? defaults.tcp : defaults.http;
  const idle = numberFrom(values, 'IdleTimeoutSeconds', preset.idle);
  const request = numberFrom(values, 'PerRequestTimeoutSeconds', preset.request);
  return {
    target: 'service-connect',
    idleTimers: [{ value: zeroIsOff(idle), setting: `IdleTimeoutSeconds=${idle}` }],
    durationCaps: [{ value: zeroIsOff(request), setting: `PerRequestTimeoutSeconds=${request}` }],
  };
}
