import { z } from 'zod';
import { workload } from './kubernetes-workload.ts';
import { dns, label } from './names.ts';

/** What a version of the kit can put in front of the service on Kubernetes. */
export const edges = ['ingress-nginx'] as const;

/** The cdk8s chart. */
export const kubernetes = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('judge the policy by the limits of Kubernetes and its edge, and synthesize the chart'),
  edge: z.literal(edges).default('ingress-nginx').describe('what stands in front of the service'),
  name: z
    .string()
    .regex(/^[a-z]([a-z0-9-]{0,51}[a-z0-9])?$/, 'a lower-case letter, then up to 52 letters, digits and dashes')
    .default('sse-kit')
    .describe('name of the resources'),
  namespace: label().optional().describe('namespace of the resources; absent: the one kubectl is set to'),
  host: dns('a host name').default('sse.example.com').describe('host name of the Ingress'),
  tlsSecret: dns('the name of a Secret').optional().describe('Secret with the TLS certificate; absent: plain HTTP'),
  ...workload,
});
