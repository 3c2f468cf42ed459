import { z } from 'zod';
import { type EdgeId, edges } from '../../targets/index.ts';
import { workload } from './kubernetes-workload.ts';
import { dns, label } from './names.ts';

/** What a version of the kit can put in front of the service on Kubernetes. */
const edgeIds = Object.keys(edges) as [EdgeId, ...EdgeId[]];

/** The cdk8s chart. */
export const kubernetes = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('judge the policy by the limits of Kubernetes and its edge, and synthesize the chart'),
  edge: z.literal(edgeIds).default('haproxy-ingress').describe('what stands in front of the service'),
  className: dns('the name of a class')
    .optional()
    .describe("IngressClass or GatewayClass; absent: what the edge's own documentation calls it"),
  gateway: z
    .strictObject({
      name: dns('the name of a Gateway').describe('name of the Gateway'),
      namespace: label().optional().describe('where it is; absent: beside the service'),
    })
    .optional()
    .describe('a Gateway that is there already; absent: edges of the Gateway API make one of their own'),
  name: z
    .string()
    .regex(/^[a-z]([a-z0-9-]{0,51}[a-z0-9])?$/, 'a lower-case letter, then up to 52 letters, digits and dashes')
    .default('sse-kit')
    .describe('name of the resources'),
  namespace: label().optional().describe('namespace of the resources; absent: the one kubectl is set to'),
  host: dns('a host name').default('sse.example.com').describe('host name of the streams'),
  tlsSecret: dns('the name of a Secret').optional().describe('Secret with the TLS certificate; absent: plain HTTP'),
  ...workload,
});
