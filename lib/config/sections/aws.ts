import { z } from 'zod';

/** A string of a certain form, which is named where another one is given. */
const text = (pattern: RegExp, form: string) => z.string().regex(pattern, form);

const certificateArn = text(/^arn:[a-z0-9-]+:acm:[a-z0-9-]+:\d{12}:certificate\/.+$/, 'the ARN of an ACM certificate');
const secretArn = text(
  /^arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/,
  'the whole ARN of a secret, with the six characters at its end',
);
const hostName = text(
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  'a host name in lower case',
);
const cidr = text(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'an IPv4 range such as 10.0.0.0/16');
const zone = text(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'the name of a zone such as eu-central-1a');
const id = (prefix: string) =>
  text(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `an id such as ${prefix}-0123456789abcdef0`);

/** Days for which CloudWatch Logs can keep a log (API PutRetentionPolicy, retentionInDays). */
const logDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** What is there already, by the ids that AWS gave it; nothing is looked up, so that synth works offline. */
const existing = z.strictObject({
  vpc: z
    .strictObject({
      id: id('vpc').describe('the VPC'),
      cidr: cidr.describe('its address range, from which an internal balancer is reachable'),
      availabilityZones: z.array(zone).min(1).describe('the zones of the subnets below, in their order'),
      privateSubnetIds: z
        .array(id('subnet'))
        .min(1)
        .describe('subnets of tasks and store, one a zone; they need a way out: NAT or endpoints'),
      publicSubnetIds: z
        .array(id('subnet'))
        .optional()
        .describe('subnets of a public balancer, one a zone; needed with internetFacing'),
    })
    .optional()
    .describe('a VPC; absent: one is created'),
  cluster: text(/^[A-Za-z][A-Za-z0-9_-]{0,254}$/, 'the name of an ECS cluster')
    .optional()
    .describe('name of an ECS cluster; absent: one is created'),
  alarmTopicArn: text(/^arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/, 'the ARN of an SNS topic')
    .optional()
    .describe('SNS topic that alarms go to; absent: one is created'),
  redis: z
    .strictObject({
      host: hostName.describe('primary endpoint, or configuration endpoint of a cluster'),
      port: z.int().min(1).max(65_535).default(6379).describe('its port'),
      tls: z.boolean().default(true).describe('rediss://'),
      cluster: z.boolean().default(false).describe('cluster mode: the endpoint is one of many'),
      user: z.string().min(1).optional().describe('user to log in as; absent: the default user'),
      secretArn: secretArn.optional().describe('secret that holds the password; absent: no password'),
      passwordKey: z.string().min(1).default('password').describe('key of the password in the JSON of the secret'),
      securityGroupId: id('sg').describe('its security group, which gets a rule that lets the service in'),
    })
    .optional()
    .describe('a Redis or Valkey; absent: one is created'),
  authSecret: z
    .strictObject({
      arn: secretArn.describe('the secret'),
      key: z.string().min(1).optional().describe('key of the value in its JSON; absent: the whole secret is the value'),
    })
    .optional()
    .describe('secret with JWT_SECRET or JWT_PUBLIC_KEY, as service.auth.key says; absent: a JWT_SECRET is drawn'),
});

/** The CDK stacks. What a stage decides (lib/aws/stages.ts) is optional here, and wins where it is given. */
export const aws = z.strictObject({
  enabled: z.boolean().default(true).describe('judge the policy by the limits of AWS, and synthesize the stacks'),
  name: text(/^[A-Za-z][A-Za-z0-9-]{0,30}$/, 'a letter, then up to 30 letters, digits or dashes')
    .default('SseKit')
    .describe('prefix of the stack names'),
  stage: z
    .literal(['dev', 'prod'])
    .default('dev')
    .describe('dev: cheap, and deleted with its stacks; prod: several zones, protected, backed up'),
  edge: z.literal(['none', 'cloudfront']).default('none').describe('what stands in front of the balancer'),
  edgeDistributionId: text(/^E[A-Z0-9]{9,31}$/, 'the id of a distribution such as E1ABCDEFGHIJKL')
    .optional()
    .describe('id of the deployed distribution: its access log is then set up, in us-east-1, without query strings'),
  edgeWebAclArn: text(
    /^arn:[a-z0-9-]+:wafv2:us-east-1:\d{12}:global\/webacl\/.+$/,
    'the ARN of a web ACL of scope CLOUDFRONT',
  )
    .optional()
    .describe('web ACL of the distribution; absent: the one of the balancer is what there is'),
  internetFacing: z
    .boolean()
    .default(false)
    .describe('a public load balancer; the default is reachable from the VPC only'),
  domainName: hostName.optional().describe('host name of the service'),
  hostedZone: z
    .strictObject({
      id: text(/^Z[A-Z0-9]{1,31}$/, 'the id of a hosted zone such as Z0123456789ABC').describe('id of the zone'),
      name: hostName.describe('its domain'),
    })
    .optional()
    .describe('Route 53 zone that gets a record for domainName, and proves it to ACM where no certificateArn is given'),
  certificateArn: certificateArn
    .optional()
    .describe('certificate of the HTTPS listener; absent: one for domainName, if hostedZone is given, else plain HTTP'),
  usersPerAddress: z
    .int()
    .min(1)
    .max(10_000)
    .default(200)
    .describe('users behind one address, an office or a carrier: no more than their reconnects pass the web ACL'),
  maintenance: z
    .boolean()
    .default(false)
    .describe('every stream is answered with a retry: by the balancer, without the service; for a while, by hand'),
  existing: existing.prefault({}).describe('what is there already'),
  alarmEmail: z.email().optional().describe('address that alarms are written to; AWS asks it to confirm'),
  runbook: z.url().optional().describe('address of docs/operations.md, for the links in alarms'),
  maxAzs: z.int().min(2).max(6).optional().describe('availability zones'),
  natGateways: z.int().min(0).max(6).optional().describe('NAT gateways, at most one a zone; none: VPC endpoints'),
  flowLogs: z.literal(['rejected', 'all']).optional().describe("which of the VPC's connections are written down"),
  cacheNodeType: text(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, 'a node type such as cache.t4g.small')
    .optional()
    .describe('ElastiCache node type'),
  cacheReplicas: z.int().min(0).max(5).optional().describe('read replicas; failover needs at least one'),
  cacheMode: z
    .literal(['nodes', 'cluster', 'serverless'])
    .default('nodes')
    .describe('how ElastiCache runs the store; what the others cost in features: docs/operations.md'),
  cacheTraffic: z
    .strictObject({
      eventsPerSecond: z.number().positive().describe('events published in a second, over all channels'),
      bytesPerEvent: z.int().min(1).describe("bytes of an ordinary event's data"),
      channels: z.int().min(1).describe('channels that have events at the same time'),
    })
    .optional()
    .describe(
      'what will be published: the smallest node that holds its history is taken, where cacheNodeType is absent',
    ),
  cacheOwnKey: z.boolean().optional().describe('the store is encrypted with a KMS key of its own'),
  cacheRotationDays: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("days between changes of the store's password; all tasks are replaced twice as often. Absent: by hand"),
  cacheBackupDays: z.int().min(0).max(35).optional().describe('days for which daily snapshots are kept; 0: none'),
  deletionProtection: z.boolean().optional().describe('the balancer cannot be deleted before this is switched off'),
  retainData: z.boolean().optional().describe('logs and a last snapshot of the store outlive their stacks'),
  logDays: z.literal(logDays).optional().describe('days for which CloudWatch keeps logs'),
  accessLogDays: z.int().min(1).max(3650).optional().describe("days for which the balancer's logs are kept"),
  webAcl: z
    .literal(['none', 'count', 'block'])
    .optional()
    .describe('what the web ACL does with what it finds: pass it and count, refuse it; or there is none'),
});
