import { z } from 'zod';
import { between, targetOf } from './parts.ts';
import { schema } from './schema.ts';

const crd = (plural: string): string =>
  `GoogleCloudPlatform/gke-gateway-api:config/crd/networking.gke.io_${plural}.yaml, main`;

const service = targetOf('', 'Service');

export const gkeGateway = {
  ...schema(
    'networking.gke.io/v1',
    'GCPBackendPolicy',
    crd('gcpbackendpolicies'),
    z.strictObject({
      default: z.strictObject({
        timeoutSec: between(1, 2_147_483_647).optional(),
        connectionDraining: z.strictObject({ drainingTimeoutSec: between(0, 3600) }).optional(),
        sessionAffinity: z
          .strictObject({
            type: z.enum([
              'CLIENT_IP',
              'CLIENT_IP_PORT_PROTO',
              'CLIENT_IP_PROTO',
              'GENERATED_COOKIE',
              'HEADER_FIELD',
              'HTTP_COOKIE',
              'NONE',
            ]),
            cookieTtlSec: between(0, 1_209_600).optional(),
          })
          .optional(),
        logging: z.strictObject({ enabled: z.boolean(), sampleRate: between(0, 1_000_000).optional() }).optional(),
      }),
      targetRef: service,
    }),
  ),
  ...schema(
    'networking.gke.io/v1',
    'HealthCheckPolicy',
    crd('healthcheckpolicies'),
    z.strictObject({
      default: z.strictObject({
        checkIntervalSec: between(1, 300),
        timeoutSec: between(1, 300),
        healthyThreshold: between(1, 10),
        unhealthyThreshold: between(1, 10),
        config: z.strictObject({
          type: z.literal('HTTP'),
          httpHealthCheck: z.strictObject({
            portSpecification: z.enum(['USE_FIXED_PORT', 'USE_NAMED_PORT', 'USE_SERVING_PORT']),
            requestPath: z
              .string()
              .max(2048)
              .regex(/\/[A-Za-z0-9/\-._~%!?$&'()*+,;=:]*$/),
          }),
        }),
      }),
      targetRef: service,
    }),
  ),
};
