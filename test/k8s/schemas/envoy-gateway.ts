import { z } from 'zod';
import { between, duration, targetOf } from './parts.ts';
import { schema } from './schema.ts';

const crd = (plural: string): string =>
  `envoyproxy/gateway:charts/gateway-crds-helm/templates/generated/gateway.envoyproxy.io_${plural}.yaml, v1.9.0`;

const uint32 = between(0, 4_294_967_295).optional();
const status = between(100, 599);

const http = z.strictObject({
  connectionIdleTimeout: duration.optional(),
  maxConnectionDuration: duration.optional(),
  maxStreamDuration: duration.optional(),
  requestTimeout: duration.optional(),
  streamIdleTimeout: duration.optional(),
});

const cookie = z.strictObject({
  name: z.string(),
  ttl: duration.optional(),
  attributes: z.record(z.string(), z.string()).optional(),
});

/** A union whose type says which of its fields there is. */
const loadBalancer = z.union([
  z.strictObject({ type: z.enum(['LeastRequest', 'Random', 'RoundRobin']) }),
  z.strictObject({
    type: z.literal('ConsistentHash'),
    consistentHash: z.strictObject({
      type: z.literal('Cookie'),
      cookie,
      tableSize: between(2, 5_000_011).optional(),
    }),
  }),
]);

const triggers = z.enum([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

const header = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/),
  value: z.string().min(1).max(4096),
});

const responseOverride = z.strictObject({
  match: z.strictObject({
    statusCodes: z
      .array(
        z.union([
          z.strictObject({ type: z.literal('Value'), value: status }),
          z.strictObject({ type: z.literal('Range'), range: z.strictObject({ start: status, end: status }) }),
        ]),
      )
      .min(1)
      .max(50),
  }),
  response: z.strictObject({
    statusCode: z.int().optional(),
    contentType: z.string().optional(),
    header: z.strictObject({ set: z.array(header).max(16).optional(), add: z.array(header).max(16).optional() }),
    body: z.strictObject({ type: z.literal('Inline'), inline: z.string() }).optional(),
  }),
});

const routes = targetOf('gateway.networking.k8s.io', 'Gateway', 'HTTPRoute', 'GRPCRoute');

export const envoyGateway = {
  ...schema(
    'gateway.envoyproxy.io/v1alpha1',
    'BackendTrafficPolicy',
    crd('backendtrafficpolicies'),
    z.strictObject({
      targetRefs: z.array(routes),
      timeout: z.strictObject({ http: http.optional(), tcp: z.strictObject({ connectTimeout: duration }).optional() }),
      circuitBreaker: z.strictObject({
        maxConnections: uint32,
        maxPendingRequests: uint32,
        maxParallelRequests: uint32,
        maxParallelRetries: uint32,
      }),
      healthCheck: z.strictObject({ panicThreshold: between(0, 100).optional() }),
      loadBalancer,
      retry: z.strictObject({
        numRetries: z.int().min(0).optional(),
        retryOn: z.strictObject({
          triggers: z.array(triggers).optional(),
          httpStatusCodes: z.array(status).optional(),
        }),
      }),
      responseOverride: z.array(responseOverride).optional(),
    }),
  ),
  ...schema(
    'gateway.envoyproxy.io/v1alpha1',
    'EnvoyProxy',
    crd('envoyproxies'),
    z.strictObject({
      shutdown: z.strictObject({ drainTimeout: duration.optional(), minDrainDuration: duration.optional() }),
      telemetry: z.strictObject({
        accessLog: z.strictObject({
          settings: z
            .array(
              z.strictObject({
                format: z.strictObject({ type: z.literal('Text'), text: z.string() }),
                sinks: z
                  .array(
                    z.strictObject({
                      type: z.literal('File'),
                      file: z.strictObject({ path: z.string().min(1) }),
                    }),
                  )
                  .min(1)
                  .max(50),
              }),
            )
            .min(1)
            .max(50),
        }),
      }),
    }),
  ),
};
