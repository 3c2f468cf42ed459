import { bill, counts, type Item, type Setup, tasksFor, total } from '../../../lib/aws/cost/bill.ts';
import { lcu, paidLcu } from '../../../lib/aws/cost/lcu.ts';
import { edgeTiers, internetTiers, prices, tiered } from '../../../lib/aws/cost/prices.ts';
import { setupOf, usualLoad } from '../../../lib/aws/cost/setup.ts';
import {
  bytesPerSecond,
  connectsPerSecond,
  heartbeatsPerSecond,
  type Load,
  opensPerSecond,
} from '../../../lib/aws/cost/traffic.ts';
import { stages } from '../../../lib/aws/stages.ts';
import { parseConfig } from '../../../lib/config/load.ts';
import { definePolicy } from '../../../lib/policy/index.ts';
import { templatesOf } from '../stacks.ts';

const policy = definePolicy();
const quiet: Load = {
  streams: 30_000,
  eventsPerMinute: 0,
  eventBytes: 300,
  publishedPerSecond: 20,
  stayMinutes: Number.POSITIVE_INFINITY,
  streamsPerConnection: 1,
};

const setup: Setup = {
  policy,
  stage: stages.prod,
  cacheMode: 'nodes',
  edge: 'none',
  internetFacing: true,
  service: { cpu: 512, memoryMiB: 1024, minReplicas: 2 },
};

const item = (id: Item['id'], of: Partial<Setup> = {}, load: Partial<Load> = {}): Item => {
  const found = bill({ ...setup, ...of }, { ...quiet, ...load }).find((one) => one.id === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};

describe('heartbeats', () => {
  test('come every so many seconds on a stream without events', () => {
    expect(heartbeatsPerSecond(policy, quiet)).toBe(0.1);
  });

  test('become rare where events come often: at one a second, one in e^10 silences is long enough', () => {
    expect(heartbeatsPerSecond(policy, { ...quiet, eventsPerMinute: 60 })).toBeCloseTo(1 / (Math.exp(10) - 1), 12);
  });

  test('are 8 bytes to the balancer and 86 to the internet', () => {
    expect(bytesPerSecond(policy, quiet)).toEqual({ processed: 0.8, sent: 8.6, heartbeats: 8.6 });
  });
});

describe('openings', () => {
  test('by age alone: 30,000 streams of an hour are 8.3 a second', () => {
    expect(opensPerSecond(policy, quiet)).toBeCloseTo(8.333, 3);
  });

  test('and by clients that come and go', () => {
    // 30,000 / 3600 s and 30,000 / 1800 s
    expect(opensPerSecond(policy, { ...quiet, stayMinutes: 30 })).toBeCloseTo(8.333 + 16.667, 3);
  });

  test('open no connection where HTTP/2 keeps one for other tabs', () => {
    expect(connectsPerSecond(policy, quiet)).toBeCloseTo(8.333, 3);
    expect(connectsPerSecond(policy, { ...quiet, streamsPerConnection: 3 })).toBe(0);
  });
});

describe('balancer units', () => {
  test('30,000 quiet streams are ten, by their open connections', () => {
    const dimensions = lcu(policy, quiet);

    expect(dimensions.activeConnections).toBe(10);
    // 8.33 a second of 25
    expect(dimensions.newConnections).toBeCloseTo(0.333, 3);
    // 30,000 × 0.1 × 8 B × 3600 s = 86.4 MB
    expect(dimensions.gigabytes).toBeCloseTo(0.0864, 6);
    expect(dimensions.evaluations).toBe(0);
    expect(paidLcu(dimensions)).toEqual({ units: 10, by: 'activeConnections' });
  });

  test('rules above the tenth count with every request', () => {
    // 8.33 requests × 110 rules of 1000
    expect(lcu(policy, quiet, 120).evaluations).toBeCloseTo(0.9167, 4);
  });

  test('bytes take over where much flows', () => {
    // 30,000 × 10 events/s × 305 B × 3600 s = 329 GB
    const busy = lcu(policy, { ...quiet, eventsPerMinute: 600 });

    expect(busy.gigabytes).toBeCloseTo(329.4, 1);
    expect(paidLcu(busy).by).toBe('gigabytes');
  });

  test('cost with the balancer and its addresses', () => {
    // (0.0225 + 10 × 0.008 + 3 × 0.005) × 730
    expect(item('balancer').usd).toBeCloseTo(85.775, 3);
    expect(item('balancer', { internetFacing: false }).usd).toBeCloseTo(74.825, 3);
  });
});

test('traffic goes by tiers, and is free inside a VPC', () => {
  // 30,000 × 8.6 B/s × 2,628,000 s = 678 GB
  expect(item('traffic').usd).toBeCloseTo(678.024 * 0.09, 2);
  expect(item('traffic', { internetFacing: false }).usd).toBe(0);
  expect(item('traffic', { edge: 'cloudfront' }).usd).toBeCloseTo(678.024 * 0.085, 2);
});

test.each([
  [0, 0],
  [100, 9],
  [10_240, 921.6],
  [11_240, 921.6 + 85],
  [200_000, 921.6 + 40_960 * 0.085 + 102_400 * 0.07 + 46_400 * 0.05],
])('%i GB to the internet are $%d', (gb, usd) => {
  expect(tiered(gb, internetTiers)).toBeCloseTo(usd, 6);
});

test('tiers begin where the one before ends', () => {
  for (const tiers of [internetTiers, edgeTiers])
    expect(tiers.map(({ upToGb }) => upToGb)).toEqual(tiers.map(({ upToGb }) => upToGb).toSorted((a, b) => a - b));
});

describe('tasks', () => {
  test('are half full, so that a zone can be lost, and never fewer than configured', () => {
    expect(tasksFor(setup, { ...quiet, streams: 100_000 })).toBe(10);
    expect(tasksFor(setup, { ...quiet, streams: 100_001 })).toBe(11);
    expect(tasksFor(setup, { ...quiet, streams: 1 })).toBe(2);
  });

  test('cost what they may use: 10 × (0.5 vCPU + 1 GB)', () => {
    // 10 × (0.5 × 0.03238 + 0.00356) × 730
    expect(item('tasks', {}, { streams: 100_000 }).usd).toBeCloseTo(144.175, 3);
  });
});

describe('the store', () => {
  test('is paid by node', () => {
    expect(item('store').usd).toBeCloseTo(2 * 0.1264 * 730, 6);
  });

  test('or by what it holds and moves', () => {
    // 20 × 600 × (1.2 × 300 + 50) B = 4.9 MB, at least 0.1 GB; 20/s × 2,628,000 s × (1 + 3 tasks) = 210 million
    expect(item('store', { cacheMode: 'serverless' }).usd).toBeCloseTo(0.1 * 0.084 * 730 + 210.24 * 0.0023, 6);
  });

  test('names the nodes that have a price', () => {
    const stage = { ...stages.prod, cacheNodeType: 'cache.x9.huge' };

    expect(() => item('store', { stage })).toThrow(
      /cacheNodeType \(cache\.x9\.huge\) has no price; .* cache\.t4g\.micro/,
    );
  });
});

test('a NAT gateway is paid for each zone, and no stream goes through it', () => {
  const lone = { ...quiet, streams: 0 };
  // 3 × 0.045 × 730; two tasks write 2 × 2500 B a minute: 0.219 GB
  expect(item('nat', {}, lone).usd).toBeCloseTo(98.55 + 0.219 * 0.045, 6);
  expect(item('nat', { stage: { ...stages.prod, natGateways: 0 } }).usd).toBeCloseTo(4 * 3 * 0.01 * 730, 6);
});

test('between zones only the store is paid for: two thirds of its notices go to another one', () => {
  // 20/s × 300 B × 3 tasks × 2,628,000 s = 47.3 GB
  expect(item('zones').usd).toBeCloseTo(47.304 * (2 / 3) * 0.01, 6);
});

test('flow logs: six records a connection in ten minutes, whatever flows', () => {
  // 30,000 × 6 × 130 B / 600 s × 2,628,000 s = 102.5 GB
  expect(item('flowLogs').usd).toBeCloseTo(102.492 * 0.5, 3);
  expect(item('flowLogs', {}, { streamsPerConnection: 3 }).usd).toBeCloseTo(68.328 * 0.5, 3);
  expect(item('flowLogs', { stage: stages.dev }).usd).toBe(0);
});

test('requests count at CloudFront and at the web ACL, once a stream', () => {
  // 8.33/s × 2,628,000 s = 21.9 million
  expect(item('edge').usd).toBe(0);
  expect(item('edge', { edge: 'cloudfront' }).usd).toBeCloseTo(21.9, 6);
  expect(item('webAcl').usd).toBeCloseTo(5 + 4 + 21.9 * 0.6, 6);
  expect(item('webAcl', { stage: { ...stages.prod, webAcl: 'none' } }).usd).toBe(0);
});

test('metrics, alarms and the dashboard cost the same for any crowd; logs grow with it', () => {
  const [few, many] = [item('watching', {}, { streams: 10 }), item('watching', {}, { streams: 1_000_000 })];
  // 552 B × 277.8 streams/s × 2,628,000 s are 403 GB; 100 tasks write 10.95 GB of metrics, two 0.219 GB
  const gb = 402.96 + 10.95 - 0.219;

  expect(many.usd - few.usd).toBeCloseTo(gb * 0.5 + (gb / 6) * 3 * 0.03, 0);
});

test('the sum is the sum', () => {
  const items = bill(setup, quiet);

  expect(total(items)).toBeCloseTo(items.map(({ usd }) => usd).reduce((a, b) => a + b));
  expect(items.every(({ usd }) => usd >= 0 && Number.isFinite(usd))).toBe(true);
});

test('rules and endpoints are as many as the stacks have, and alarms about', () => {
  const templates = Object.values(
    templatesOf({ service: { allowAnonymous: true }, aws: { stage: 'prod', natGateways: 0 } }),
  );
  const all = (type: string) => templates.flatMap((template) => Object.values(template.findResources(type)));

  expect(counts).toEqual({
    webAclRules: all('AWS::WAFv2::WebACL')[0]?.Properties.Rules.length,
    alarms: expect.any(Number),
    endpoints: all('AWS::EC2::VPCEndpoint').filter(({ Properties }) => Properties.VpcEndpointType === 'Interface')
      .length,
  });
  // ten cents each, and fewer where something is missing to be watched
  expect(Math.abs(counts.alarms - all('AWS::CloudWatch::Alarm').length)).toBeLessThan(5);
});

test('the configuration decides: stage, size of tasks, node by traffic', () => {
  const traffic = { eventsPerSecond: 2000, bytesPerEvent: 1000, channels: 5000 };
  const config = parseConfig({
    service: { cpu: 1024, memoryMiB: 2048, replicas: { min: 3 }, allowAnonymous: true },
    aws: { stage: 'prod', maxAzs: 2, cacheTraffic: traffic },
  });

  expect(setupOf(config)).toMatchObject({
    // 2000/s × 600 s × 1250 B = 1.5 GB of 60 % of a node
    stage: { maxAzs: 2, cacheNodeType: 'cache.t4g.medium' },
    service: { cpu: 1024, memoryMiB: 2048, minReplicas: 3 },
  });
  expect(usualLoad(10, config.aws)).toMatchObject({ streams: 10, publishedPerSecond: 2000, eventBytes: 1080 });
});

test('every price says what for, and where from', () => {
  expect(
    Object.values(prices).filter(({ usd, per, source }) => !(usd > 0) || per === '' || !source.includes('/')),
  ).toEqual([]);
});
