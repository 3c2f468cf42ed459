import type { Admission } from './admission.ts';
import type { Broker } from './broker/broker.ts';
import type { Delivery } from './delivery.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceSettings } from './settings.ts';
import type { SharedState } from './state/state.ts';

/** What the routes work with. */
export interface Service {
  readonly settings: ServiceSettings;
  readonly broker: Broker;
  readonly state: SharedState;
  readonly delivery: Delivery;
  readonly admission: Admission;
  readonly metrics: Metrics;
}
