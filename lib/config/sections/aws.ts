import { z } from 'zod';

const arn = /^arn:[a-z0-9-]+:acm:[a-z0-9-]+:\d{12}:certificate\/.+$/;

/** The CDK stacks. */
export const aws = z.strictObject({
  enabled: z.boolean().default(true).describe('judge the policy by the limits of AWS, and synthesize the stacks'),
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,30}$/, 'a letter, then up to 30 letters, digits or dashes')
    .default('SseKit')
    .describe('prefix of the stack names'),
  internetFacing: z
    .boolean()
    .default(false)
    .describe('a public load balancer; the default is reachable from the VPC only'),
  certificateArn: z
    .string()
    .regex(arn, 'the ARN of an ACM certificate')
    .optional()
    .describe('certificate of the HTTPS listener; absent: plain HTTP'),
  maxAzs: z.int().min(2).max(6).default(2).describe('availability zones'),
  natGateways: z.int().min(0).max(6).default(1).describe('NAT gateways; tasks need one to pull their image'),
  cacheNodeType: z
    .string()
    .regex(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, 'a node type such as cache.t4g.small')
    .default('cache.t4g.small')
    .describe('ElastiCache node type'),
  cacheReplicas: z.int().min(0).max(5).default(1).describe('read replicas; failover needs at least one'),
});
