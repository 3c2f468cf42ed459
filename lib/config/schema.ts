import { z } from 'zod';
import { cookieNamePattern, defaults, type Field, fieldNames, fields, maxStickinessSeconds } from '../policy/index.ts';

/** What a version of the kit can put in front of the service on Kubernetes. */
export const edges = ['ingress-nginx'] as const;

/** Proxies whose files `sse-kit render` writes. */
export const proxies = ['nginx', 'haproxy', 'caddy', 'apache'] as const;

const hostName = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const arn = /^arn:[a-z0-9-]+:acm:[a-z0-9-]+:\d{12}:certificate\/.+$/;

/** CPU units that Fargate offers (1024 is one core), each with its own range of memory. */
export const fargateCpu = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;

const service = z.strictObject({
  image: z
    .string()
    .min(1)
    .optional()
    .describe('image to run, by URI; absent: AWS builds it from this folder, Kubernetes uses sse-kit-service:latest'),
  replicas: z
    .strictObject({
      min: z.int().min(1).max(1000).default(2).describe('replicas that always run'),
      max: z.int().min(1).max(1000).default(10).describe('replicas at most'),
    })
    .prefault({})
    .refine(({ min, max }) => min <= max, { error: 'in order: min at most max' })
    .describe('how many copies of the service run'),
  cpu: z.literal(fargateCpu).default(512).describe('CPU units of one replica; 1024 is one core'),
  memoryMiB: z.int().min(256).max(122_880).default(1024).describe('memory of one replica, in MiB'),
  allowAnonymous: z
    .boolean()
    .default(false)
    .describe(
      'ALLOW_ANONYMOUS: everybody who reaches the service may subscribe and publish; without it the service refuses to listen beyond loopback',
    ),
});

const aws = z.strictObject({
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

const kubernetes = z.strictObject({
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

const proxyFiles = z.strictObject({
  use: z
    .array(z.literal(proxies))
    .default(['nginx'])
    .describe('proxies whose limits are judged and whose files are rendered'),
});

/** Every section but the policy, which lib/policy judges itself. */
export const sections = z.strictObject({
  $schema: z.string().optional().describe('where editors find this schema'),
  policy: z.unknown().optional(),
  service: service.prefault({}).describe('the service and how it is sized'),
  aws: aws.prefault({}).describe('the CDK stacks'),
  kubernetes: kubernetes.prefault({}).describe('the cdk8s chart'),
  proxies: proxyFiles.prefault({}).describe('proxy files to copy'),
});

export type Sections = z.output<typeof sections>;

/** The JSON Schema of sse-kit.config.json, for editors. */
export function configSchema(): object {
  const schema = z.toJSONSchema(sections, { target: 'draft-7', io: 'input' }) as {
    properties: Record<string, unknown>;
  };
  return { ...schema, title: 'sse-kit.config.json', properties: { ...schema.properties, policy: policySchema() } };
}

function policySchema(): object {
  return {
    type: 'object',
    description: 'the stream policy: whole seconds unless the name says otherwise',
    additionalProperties: false,
    properties: Object.fromEntries(
      fieldNames.map((name) => [name, { ...fieldSchema(fields[name]), default: defaults[name] }]),
    ),
  };
}

function fieldSchema(field: Field): object {
  if (field.kind === 'stickiness') return { description: field.meaning, anyOf: [{ const: 'none' }, stickinessSchema] };
  const { kind, unit, minimum, maximum, meaning } = field;
  return { type: kind === 'integer' ? 'integer' : 'number', minimum, maximum, description: `${meaning} (${unit})` };
}

const stickinessSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['cookie', 'seconds'],
  properties: {
    cookie: { type: 'string', pattern: cookieNamePattern },
    seconds: { type: 'integer', minimum: 1, maximum: maxStickinessSeconds },
  },
};
