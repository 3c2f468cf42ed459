import type { Admission } from './admission.ts';
import type { Broker } from './broker/broker.ts';
import type { Delivery } from './delivery.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceSettings } from './settings.ts';

/** What the routes work with. */
export interface Service {
  readonly settings: ServiceSettings;
  readonly broker: Broker;
  readonly delivery: Delivery;
  readonly admission: Admission;
  readonly metrics: Metrics;
}
