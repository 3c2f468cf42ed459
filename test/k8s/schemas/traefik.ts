import { z } from 'zod';
import { schema } from './schema.ts';

const source = 'traefik/traefik:docs/content/reference/dynamic-configuration/traefik.io_';
const version = 'v1alpha1, v3.7';

/** A number of seconds, or a duration of Go, by the pattern that the definitions have. */
const duration = z.union([z.int(), z.string().regex(/^([0-9]+(ns|us|µs|ms|s|m|h)?)+$/)]);

const reference = z.strictObject({ name: z.string(), namespace: z.string().optional() });

const cookie = z.strictObject({
  domain: z.string().optional(),
  httpOnly: z.boolean().optional(),
  maxAge: z.int().optional(),
  name: z.string().optional(),
  path: z.string().optional(),
  sameSite: z.enum(['none', 'lax', 'strict']).optional(),
  secure: z.boolean().optional(),
});

const service = z.strictObject({
  kind: z.enum(['Service', 'TraefikService']).optional(),
  name: z.string(),
  namespace: z.string().optional(),
  port: z.union([z.int(), z.string()]).optional(),
  scheme: z.string().optional(),
  serversTransport: z.string().optional(),
  sticky: z.strictObject({ cookie: cookie.optional() }).optional(),
  strategy: z.enum(['wrr', 'p2c', 'hrw', 'leasttime', 'RoundRobin']).optional(),
});

/** Resources of Traefik, as far as the kit writes them. */
export const traefikSchemas = {
  ...schema(
    'traefik.io/v1alpha1',
    'IngressRoute',
    `${source}ingressroutes.yaml, ${version}`,
    z.strictObject({
      entryPoints: z.array(z.string()).optional(),
      routes: z.array(
        z.strictObject({
          kind: z.literal('Rule').optional(),
          match: z.string(),
          middlewares: z.array(reference).optional(),
          priority: z.int().optional(),
          services: z.array(service).optional(),
        }),
      ),
      tls: z.strictObject({ secretName: z.string().optional() }).optional(),
    }),
  ),
  ...schema(
    'traefik.io/v1alpha1',
    'TraefikService',
    `${source}traefikservices.yaml, ${version}`,
    z.strictObject({
      failover: z.strictObject({
        service,
        fallback: service,
        errors: z
          .strictObject({ status: z.array(z.string()).optional(), maxRequestBodyBytes: z.int().optional() })
          .optional(),
      }),
    }),
  ),
  ...schema(
    'traefik.io/v1alpha1',
    'Middleware',
    `${source}middlewares.yaml, ${version}`,
    z.strictObject({
      retry: z.strictObject({ attempts: z.int().min(0).optional(), initialInterval: duration.optional() }),
    }),
  ),
  ...schema(
    'traefik.io/v1alpha1',
    'ServersTransport',
    `${source}serverstransports.yaml, ${version}`,
    z.strictObject({
      forwardingTimeouts: z
        .strictObject({
          dialTimeout: duration.optional(),
          idleConnTimeout: duration.optional(),
          responseHeaderTimeout: duration.optional(),
        })
        .optional(),
      maxIdleConnsPerHost: z.int().min(-1).optional(),
    }),
  ),
};
