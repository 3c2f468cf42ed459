import { z } from 'zod';
import { between } from './parts.ts';
import { schema } from './schema.ts';

const name = z.string().min(1).max(253);
const hostname = z
  .string()
  .min(1)
  .max(253)
  .regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** The package's is older than `infrastructure.parametersRef`. */
export const gatewayApi = schema(
  'gateway.networking.k8s.io/v1',
  'Gateway',
  'kubernetes-sigs/gateway-api:config/crd/standard/gateway.networking.k8s.io_gateways.yaml, v1.4.0',
  z.strictObject({
    gatewayClassName: name,
    infrastructure: z
      .strictObject({
        annotations: z.record(z.string(), z.string().max(4096)).optional(),
        labels: z.record(z.string(), z.string()).optional(),
        parametersRef: z.strictObject({ group: z.string().max(253), kind: z.string().min(1).max(63), name }).optional(),
      })
      .optional(),
    listeners: z
      .array(
        z.strictObject({
          name: name.regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/),
          hostname: hostname.optional(),
          port: between(1, 65_535),
          protocol: z.enum(['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP']),
          tls: z.strictObject({ certificateRefs: z.array(z.strictObject({ name })).max(64) }).optional(),
        }),
      )
      .min(1)
      .max(64),
  }),
);
