import type { Admission } from './admission.ts';
import type { Auth } from './auth/auth.ts';
import type { Delivery } from './delivery.ts';
import type { Metrics } from './metrics.ts';
import type { Pressure } from './pressure.ts';
import type { ServiceSettings } from './settings.ts';
import type { Store } from './store.ts';
import type { Peers } from './workers/peers.ts';

/** What the routes work with. */
export interface Service extends Store {
  readonly settings: ServiceSettings;
  readonly auth: Auth;
  readonly delivery: Delivery;
  readonly admission: Admission;
  readonly pressure: Pressure;
  readonly peers: Peers;
  readonly metrics: Metrics;
}
