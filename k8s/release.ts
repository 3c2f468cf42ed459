import type { KitConfig } from '../lib/config/load.ts';

/** One deployment of the service: what all parts of its chart are made from. */
export type Release = Pick<KitConfig, 'policy' | 'service' | 'kubernetes'>;

/** Whether the number of replicas follows the load. */
export const scales = ({ service: { replicas }, kubernetes: { autoscaling } }: Release): boolean =>
  autoscaling !== 'none' && replicas.min < replicas.max;
