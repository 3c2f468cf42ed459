import { z } from 'zod';
import { between } from './parts.ts';
import { schema } from './schema.ts';

const time = z
  .string()
  .regex(
    /^(((\d*(\.\d*)?h)|(\d*(\.\d*)?m)|(\d*(\.\d*)?s)|(\d*(\.\d*)?ms)|(\d*(\.\d*)?us)|(\d*(\.\d*)?µs)|(\d*(\.\d*)?ns))+|infinity|infinite)$/,
  )
  .optional();

const retryOn = z.enum([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
]);

export const contour = schema(
  'projectcontour.io/v1',
  'HTTPProxy',
  'projectcontour/contour:apis/projectcontour/v1/httpproxy.go, v1.33',
  z.strictObject({
    ingressClassName: z.string().optional(),
    virtualhost: z.strictObject({
      fqdn: z.string().regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/),
      tls: z.strictObject({ secretName: z.string() }).optional(),
    }),
    routes: z.array(
      z.strictObject({
        conditions: z.array(z.strictObject({ prefix: z.string() })),
        services: z.array(z.strictObject({ name: z.string(), port: between(1, 65_535) })).min(1),
        enableWebsockets: z.boolean(),
        timeoutPolicy: z.strictObject({ response: time, idle: time, idleConnection: time }),
        retryPolicy: z.strictObject({ count: z.int().min(-1), retryOn: z.array(retryOn) }),
        loadBalancerPolicy: z.strictObject({
          strategy: z.enum(['Random', 'RoundRobin', 'WeightedLeastRequest', 'RequestHash', 'Cookie']),
        }),
      }),
    ),
  }),
);
