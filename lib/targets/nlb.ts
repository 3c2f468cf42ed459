import type { Hop } from '../policy/index.ts';
import { numberFrom, type Values } from './settings.ts';

/**
 * What a listener of a Network Load Balancer does to a stream: it forgets a TCP connection that is silent for longer
 * (`tcp.idle_timeout.seconds`, 350 by default). TLS listeners have the default and no attribute (ELB user guide,
 * "Connection idle timeout"). Nothing is tuned here: the default outlasts any policy's silence, or the rule says so.
 */
export function readNlbListener(attributes: Values): Hop {
  const idle = numberFrom(attributes, 'tcp.idle_timeout.seconds', 350);
  return { target: 'nlb', idleTimers: [{ value: idle, setting: `tcp.idle_timeout.seconds=${idle}` }] };
}
