import { z } from 'zod';
import { duration } from './parts.ts';
import { schema } from './schema.ts';

const count = z.int().min(0).max(2_147_483_647).optional();

const loadBalancer = z.union([
  z.strictObject({
    simple: z.enum(['UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST']),
  }),
  z.strictObject({
    consistentHash: z.strictObject({
      httpCookie: z.strictObject({ name: z.string(), path: z.string().optional(), ttl: duration.optional() }),
    }),
  }),
]);

/** The package has the kind as v1beta1 and v1alpha3 only. */
export const istio = schema(
  'networking.istio.io/v1',
  'DestinationRule',
  'istio/api:networking/v1/destination_rule_alias.gen.go and kubernetes/customresourcedefinitions.gen.yaml, 1.30.3',
  z.strictObject({
    host: z.string(),
    trafficPolicy: z.strictObject({
      loadBalancer,
      connectionPool: z.strictObject({
        http: z.strictObject({ idleTimeout: duration.optional(), http2MaxRequests: count }),
        tcp: z.strictObject({ connectTimeout: duration.optional(), maxConnections: count }),
      }),
    }),
  }),
);
