import { z } from 'zod';
import { schema } from './schema.ts';

export const kong = schema(
  'configuration.konghq.com/v1beta1',
  'KongUpstreamPolicy',
  'Kong/kubernetes-ingress-controller:config/crd/bases/configuration.konghq.com_kongupstreampolicies.yaml, v3.5',
  z.strictObject({
    algorithm: z.enum(['round-robin', 'consistent-hashing', 'least-connections', 'latency']),
  }),
);
