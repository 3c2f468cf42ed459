/** One price of AWS. */
export interface Price {
  readonly usd: number;
  /** What it is paid for. */
  readonly per: string;
  /** The page that has it. */
  readonly source: string;
  /** `aws`: read there. `others`: as others quote it. `memory`: not looked up; check it before you rely on it. */
  readonly seen: 'aws' | 'others' | 'memory';
}

/** When and where the prices below hold: on demand, without free tiers, commitments or support. */
export const priceList = { date: '2026-11-21', region: 'us-east-1', currency: 'USD' } as const;

const elb = 'aws.amazon.com/elasticloadbalancing/pricing';
const ec2 = 'aws.amazon.com/ec2/pricing/on-demand';
const vpc = 'aws.amazon.com/vpc/pricing';
const fargate = 'aws.amazon.com/fargate/pricing';
const cloudWatch = 'aws.amazon.com/cloudwatch/pricing';
const waf = 'aws.amazon.com/waf/pricing';
const elastiCache = 'aws.amazon.com/elasticache/pricing';
const cloudFront = 'aws.amazon.com/cloudfront/pricing';

const price = (usd: number, per: string, source: string, seen: Price['seen']): Price => ({ usd, per, source, seen });

/** All prices that the page is computed with. Change them here, and render. */
export const prices = {
  albHour: price(0.0225, 'balancer and hour', elb, 'aws'),
  lcuHour: price(0.008, 'LCU and hour', elb, 'aws'),
  publicAddressHour: price(0.005, 'public IPv4 address and hour', vpc, 'memory'),
  natHour: price(0.045, 'NAT gateway and hour', vpc, 'others'),
  natGb: price(0.045, 'GB through a NAT gateway', vpc, 'others'),
  endpointHour: price(0.01, 'interface endpoint, zone and hour', vpc, 'others'),
  crossZoneGb: price(0.01, 'GB between zones, each way', ec2, 'others'),
  vcpuHour: price(0.032_38, 'vCPU and hour, Fargate on ARM', fargate, 'others'),
  memoryGbHour: price(0.003_56, 'GB of memory and hour, Fargate on ARM', fargate, 'others'),
  metricMonth: price(0.3, 'metric and month, of the first 10,000', cloudWatch, 'others'),
  alarmMonth: price(0.1, 'alarm on one metric and month', cloudWatch, 'memory'),
  dashboardMonth: price(3, 'dashboard and month', cloudWatch, 'others'),
  logGb: price(0.5, 'GB written to a log', cloudWatch, 'others'),
  logStoredGbMonth: price(0.03, 'GB of log kept and month, compressed to a sixth', cloudWatch, 'memory'),
  webAclMonth: price(5, 'web ACL and month', waf, 'memory'),
  webAclRuleMonth: price(1, 'rule of a web ACL and month', waf, 'memory'),
  webAclMillion: price(0.6, 'million requests seen by a web ACL', waf, 'memory'),
  edgeTenThousand: price(0.01, '10,000 HTTPS requests at CloudFront, United States and Europe', cloudFront, 'others'),
  serverlessGbHour: price(0.084, 'GB and hour, ElastiCache Serverless for Valkey', elastiCache, 'others'),
  serverlessMillion: price(
    0.0023,
    'million processing units, ElastiCache Serverless for Valkey',
    elastiCache,
    'others',
  ),
} as const satisfies Readonly<Record<string, Price>>;

const node = (usd: number): Price => price(usd, 'node and hour, Valkey', elastiCache, 'memory');

/** Nodes of ElastiCache for Valkey, a fifth below what the same node costs with Redis OSS. */
export const nodePrices: Readonly<Record<string, Price>> = {
  'cache.t4g.micro': node(0.0128),
  'cache.t4g.small': node(0.0256),
  'cache.t4g.medium': node(0.052),
  'cache.m7g.large': node(0.1264),
  'cache.m7g.xlarge': node(0.2519),
  'cache.r7g.large': node(0.1752),
  'cache.r7g.xlarge': node(0.3496),
  'cache.r7g.2xlarge': node(0.6984),
  'cache.r7g.4xlarge': node(1.3968),
  'cache.r7g.8xlarge': node(2.7936),
  'cache.r7g.12xlarge': node(4.1912),
  'cache.r7g.16xlarge': node(5.588),
};

/** What is paid per GB up to so many GB a month; the last tier has no end. */
export type Tiers = readonly { readonly upToGb: number; readonly usd: number }[];

/** From AWS to the internet; the first 100 GB of a month are free and left out (source: EC2, "Data transfer"; others). */
export const internetTiers: Tiers = [
  { upToGb: 10_240, usd: 0.09 },
  { upToGb: 51_200, usd: 0.085 },
  { upToGb: 153_600, usd: 0.07 },
  { upToGb: Number.POSITIVE_INFINITY, usd: 0.05 },
];

/** From CloudFront to clients in the United States, Canada and Europe (aws.amazon.com/cloudfront/pricing, read there). */
export const edgeTiers: Tiers = [
  { upToGb: 10_240, usd: 0.085 },
  { upToGb: 51_200, usd: 0.08 },
  { upToGb: 153_600, usd: 0.06 },
  { upToGb: 512_000, usd: 0.04 },
  { upToGb: Number.POSITIVE_INFINITY, usd: 0.03 },
];

/** The price of an amount, each part of it at its own tier. */
export function tiered(gb: number, tiers: Tiers): number {
  const starts = [0, ...tiers.map(({ upToGb }) => upToGb)];
  return tiers.reduce((sum, { upToGb, usd }, index) => {
    const within = Math.min(gb, upToGb) - (starts[index] ?? 0);
    return sum + Math.max(0, within) * usd;
  }, 0);
}
