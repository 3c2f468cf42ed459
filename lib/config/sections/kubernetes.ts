import { z } from 'zod';

/** What a version of the kit can put in front of the service on Kubernetes. */
export const edges = ['ingress-nginx'] as const;

const hostName = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The cdk8s chart. */
export const kubernetes = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('judge the policy by the limits of Kubernetes and its edge, and synthesize the chart'),
  edge: z.literal(edges).default('ingress-nginx').describe('what stands in front of the service'),
  name: z
    .string()
    .regex(dnsLabel, 'lower-case letters, digits and dashes')
    .default('sse-kit')
    .describe('name of the resources'),
  namespace: z
    .string()
    .regex(dnsLabel, 'lower-case letters, digits and dashes')
    .optional()
    .describe('namespace of the resources; absent: the one kubectl is set to'),
  host: z.string().regex(hostName, 'a host name').default('sse.example.com').describe('host name of the Ingress'),
  tlsSecret: z
    .string()
    .regex(hostName, 'the name of a Secret')
    .optional()
    .describe('Secret with the TLS certificate; absent: plain HTTP'),
  redisSecret: z
    .strictObject({
      name: z.string().regex(hostName, 'the name of a Secret').default('sse-kit-redis').describe('name of the Secret'),
      key: z.string().min(1).default('url').describe('key that holds the URL'),
    })
    .prefault({})
    .describe('Secret that holds REDIS_URL'),
});
