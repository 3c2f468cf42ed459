import type { StreamPolicy } from '../policy/index.ts';
import { adapterRules } from './adapter.ts';
import { alertRules } from './alerts.ts';
import { dashboard } from './dashboard.ts';

/** What a monitoring stack takes: a Grafana dashboard and Prometheus rules, with the numbers of a policy. */
export const observabilityFiles = (policy: StreamPolicy): Readonly<Record<string, string>> => ({
  'sse-kit-dashboard.json': dashboard(policy),
  'alerts.yaml': alertRules(policy),
  'prometheus-adapter.yaml': adapterRules,
});
