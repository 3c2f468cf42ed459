import { type MetricFacts, metricFacts, type StreamPolicy } from '../../policy/index.ts';
import { historyBytes } from '../../targets/index.ts';
import type { StageValues } from '../stages.ts';
import { lcu, paidLcu } from './lcu.ts';
import { edgeTiers, internetTiers, nodePrices, prices, tiered } from './prices.ts';
import { bytesPerSecond, gbPerMonth, hoursPerMonth, type Load, opensPerSecond, secondsPerMonth } from './traffic.ts';

/** What the configuration says, as far as it costs money. */
export interface Setup {
  readonly policy: StreamPolicy;
  readonly stage: StageValues;
  readonly cacheMode: 'nodes' | 'cluster' | 'serverless';
  readonly edge: 'none' | 'cloudfront';
  readonly internetFacing: boolean;
  readonly service: {
    /** 1024 is one core. */
    readonly cpu: number;
    readonly memoryMiB: number;
    readonly minReplicas: number;
  };
}

/** One line of the bill, in dollars a month. */
export interface Item {
  readonly id:
    | 'balancer'
    | 'traffic'
    | 'tasks'
    | 'store'
    | 'nat'
    | 'zones'
    | 'watching'
    | 'flowLogs'
    | 'edge'
    | 'webAcl';
  readonly usd: number;
  /** The amounts behind it. */
  readonly because: string;
}

/** Share of maxStreams that a task holds on average, so that a lost zone fits into the others (StreamService.streamsShare). */
const fullShare = 0.5;

/** Open and close, each with user and channels (service/observer.ts), and CloudWatch's 26 bytes for a line. */
const logBytesPerStream = 2 * (250 + 26);

/** A line of metrics a task and minute (lib/policy/cloudwatch.ts). */
const metricLineBytes = 2500;

/** Rules of the web ACL, alarms and endpoints, as the stacks have them. */
export const counts = { webAclRules: 4, alarms: 19, endpoints: 4 };

/**
 * A flow-log record, and how often a connection writes them: one each way, at the balancer towards client and task and at
 * the task, every ten minutes. Heartbeats keep a connection in every one of these windows.
 */
const flowRecord = { bytes: 130, perConnection: 6, everySeconds: 600 };

const amount = (value: number, digits = 0): string => value.toLocaleString('en-US', { maximumFractionDigits: digits });

export const tasksFor = ({ policy, service }: Setup, { streams }: Load): number =>
  Math.max(service.minReplicas, Math.ceil(streams / (policy.maxStreams * fullShare)));

/** Everything the deployment is paid for, without what is free at this size or below a dollar (secrets, KMS, S3). */
export function bill(setup: Setup, load: Load): readonly Item[] {
  return [balancer, traffic, tasks, store, nat, zones, watching, flowLogs, edge, webAcl].map((item) =>
    item(setup, load),
  );
}

export const total = (items: readonly Item[]): number => items.reduce((sum, { usd }) => sum + usd, 0);

function balancer({ policy, stage, internetFacing }: Setup, load: Load): Item {
  const { units, by } = paidLcu(lcu(policy, load));
  const addresses = internetFacing ? stage.maxAzs : 0;
  const hourly = prices.albHour.usd + units * prices.lcuHour.usd + addresses * prices.publicAddressHour.usd;
  return { id: 'balancer', usd: hourly * hoursPerMonth, because: `${amount(units, 1)} LCU by ${by}` };
}

/** To the internet: from the balancer, or from CloudFront, to which it is free. */
function traffic({ policy, edge: at, internetFacing }: Setup, load: Load): Item {
  const { sent, heartbeats } = bytesPerSecond(policy, load);
  const gb = gbPerMonth(sent * load.streams);
  const tiers = at === 'cloudfront' ? edgeTiers : internetTiers;
  const share = amount((100 * heartbeats) / sent);
  return {
    id: 'traffic',
    usd: internetFacing || at === 'cloudfront' ? tiered(gb, tiers) : 0,
    because: `${amount(gb)} GB, ${share} % of it heartbeats`,
  };
}

function tasks(setup: Setup, load: Load): Item {
  const { cpu, memoryMiB } = setup.service;
  const count = tasksFor(setup, load);
  const hourly = (cpu / 1024) * prices.vcpuHour.usd + (memoryMiB / 1024) * prices.memoryGbHour.usd;
  return {
    id: 'tasks',
    usd: count * hourly * hoursPerMonth,
    because: `${count} × ${cpu / 1024} vCPU, ${amount(memoryMiB / 1024, 2)} GB`,
  };
}

/** @throws Error when the node type has no price. */
function store(setup: Setup, load: Load): Item {
  if (setup.cacheMode === 'serverless') return serverless(setup, load);
  const { cacheNodeType, cacheReplicas } = setup.stage;
  const price = nodePrices[cacheNodeType];
  if (price === undefined)
    throw new Error(
      `cacheNodeType (${cacheNodeType}) has no price; add it to lib/aws/cost/prices.ts, or take one of ${Object.keys(nodePrices).join(', ')}`,
    );
  const nodes = 1 + cacheReplicas;
  return { id: 'store', usd: nodes * price.usd * hoursPerMonth, because: `${nodes} × ${cacheNodeType}` };
}

/** At least 100 MB; a unit for each begun KB that goes in, and once more to each task. */
function serverless(setup: Setup, load: Load): Item {
  const { publishedPerSecond: eventsPerSecond, eventBytes: bytesPerEvent } = load;
  const channels = Number.POSITIVE_INFINITY;
  const gb = Math.max(0.1, historyBytes(setup.policy, { eventsPerSecond, bytesPerEvent, channels }) / 1e9);
  const units = eventsPerSecond * secondsPerMonth * Math.ceil(bytesPerEvent / 1024) * (1 + tasksFor(setup, load));
  return {
    id: 'store',
    usd: gb * prices.serverlessGbHour.usd * hoursPerMonth + (units / 1e6) * prices.serverlessMillion.usd,
    because: `serverless: ${amount(gb, 1)} GB, ${amount(units / 1e6)} million units`,
  };
}

const logGb = (setup: Setup, load: Load): number =>
  gbPerMonth(opensPerSecond(setup.policy, load) * logBytesPerStream + (tasksFor(setup, load) * metricLineBytes) / 60);

/** Streams come in through the balancer and never pass it; logs do, and images. */
function nat(setup: Setup, load: Load): Item {
  const { maxAzs, natGateways = maxAzs } = setup.stage;
  const gb = logGb(setup, load);
  if (natGateways === 0) {
    const hourly = counts.endpoints * maxAzs * prices.endpointHour.usd;
    return {
      id: 'nat',
      usd: hourly * hoursPerMonth,
      because: `none; ${counts.endpoints} endpoints in ${maxAzs} zones`,
    };
  }
  const usd = natGateways * prices.natHour.usd * hoursPerMonth + gb * prices.natGb.usd;
  return { id: 'nat', usd, because: `${natGateways} NAT gateways, ${amount(gb, 1)} GB of logs; no streams` };
}

/**
 * Between zones: from the store to the tasks in the others, and nothing else. Between an Application Load Balancer and its
 * targets in one VPC it is free (aws.amazon.com/ec2/pricing/on-demand, "Data transfer within the same region").
 */
function zones(setup: Setup, load: Load): Item {
  const { maxAzs } = setup.stage;
  const notices = load.publishedPerSecond * load.eventBytes * tasksFor(setup, load);
  const gb = gbPerMonth(notices) * ((maxAzs - 1) / maxAzs);
  return {
    id: 'zones',
    usd: gb * prices.crossZoneGb.usd,
    because: `${amount(gb)} GB from the store; heartbeats: none`,
  };
}

function watching(setup: Setup, load: Load): Item {
  const gb = logGb(setup, load);
  const facts: readonly MetricFacts[] = Object.values(metricFacts);
  const metrics = facts.reduce((sum, { reasons = [] }) => sum + Math.max(1, reasons.length), 0);
  const kept = (gb / 6) * (setup.stage.logDays / 30);
  const usd =
    metrics * prices.metricMonth.usd +
    counts.alarms * prices.alarmMonth.usd +
    prices.dashboardMonth.usd +
    gb * prices.logGb.usd +
    kept * prices.logStoredGbMonth.usd;
  return { id: 'watching', usd, because: `${metrics} metrics, ${counts.alarms} alarms, ${amount(gb, 1)} GB of logs` };
}

function flowLogs({ stage }: Setup, { streams, streamsPerConnection }: Load): Item {
  if (stage.flowLogs !== 'all') return { id: 'flowLogs', usd: 0, because: 'rejected connections only' };
  const { bytes, perConnection, everySeconds } = flowRecord;
  // a stream has a connection of its own between balancer and task, and shares the one to the client
  const share = (perConnection * (1 + 1 / streamsPerConnection)) / 2;
  const gb = gbPerMonth((streams * share * bytes) / everySeconds);
  return { id: 'flowLogs', usd: gb * prices.logGb.usd, because: `${amount(gb)} GB, all connections` };
}

function edge({ policy, edge: at }: Setup, load: Load): Item {
  if (at === 'none') return { id: 'edge', usd: 0, because: 'none' };
  const requests = opensPerSecond(policy, load) * secondsPerMonth;
  return {
    id: 'edge',
    usd: (requests / 10_000) * prices.edgeTenThousand.usd,
    because: `${amount(requests / 1e6, 1)} million requests; bytes are under traffic`,
  };
}

function webAcl({ policy, stage }: Setup, load: Load): Item {
  if (stage.webAcl === 'none') return { id: 'webAcl', usd: 0, because: 'none' };
  const millions = (opensPerSecond(policy, load) * secondsPerMonth) / 1e6;
  const usd =
    prices.webAclMonth.usd + counts.webAclRules * prices.webAclRuleMonth.usd + millions * prices.webAclMillion.usd;
  return { id: 'webAcl', usd, because: `${counts.webAclRules} rules, ${amount(millions, 1)} million requests` };
}
