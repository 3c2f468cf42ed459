import { bill, type Item, type Setup, tasksFor, total } from '../aws/cost/bill.ts';
import { lcu, paidLcu } from '../aws/cost/lcu.ts';
import { nodePrices, type Price, priceList, prices } from '../aws/cost/prices.ts';
import { setupOf, usualLoad } from '../aws/cost/setup.ts';
import type { Load } from '../aws/cost/traffic.ts';
import { type KitConfig, parseConfig } from '../config/load.ts';

/** What the page is about unless a configuration is given: a public service on the prod stage. */
const example = (): KitConfig => parseConfig({ aws: { stage: 'prod', internetFacing: true } });

const sizes = [1000, 10_000, 100_000, 1_000_000] as const;

/** docs/cost-aws.md, or the same for a configuration: what a month costs, of what, and what to turn. */
export function costPage(config: KitConfig = example()): string {
  const setup = setupOf(config);
  const loads = sizes.map((streams) => usualLoad(streams, config.aws));
  return `${[
    head,
    inputs(setup, usualLoad(sizes[0], config.aws)),
    '## A month',
    table(['', ...sizes.map((size) => `${number(size)} streams`)], billRows(setup, loads)),
    ...readings(setup, loads),
    '## The balancer: units for long streams',
    lcuIntro,
    table(['LCU by', ...sizes.map(number)], lcuRows(setup, loads)),
    '## What to turn',
    turnIntro,
    table(['at 100,000 streams', '$ a month', 'difference'], turns(setup, usualLoad(100_000, config.aws))),
    '## Prices',
    pricesIntro,
    table(['price', 'for', 'seen', 'source'], priceRows()),
  ].join('\n\n')}\n`;
}

const head = `# What it costs on AWS

<!-- Rendered by \`npm run render\` from lib/aws/cost and the default policy. For your configuration: \`npx sse-kit render cost\`. -->

On demand, without free tiers, commitments or tax, in ${priceList.currency}, ${priceList.region}, as of ${priceList.date}. The
formulae are in \`lib/aws/cost\`, one small function an item, each with a test that does the sum by hand.`;

function inputs({ policy, stage, service, edge, internetFacing }: Setup, load: Load): string {
  const { heartbeatSeconds, maxStreamAgeSeconds, maxStreams } = policy;
  return [
    `- Policy: a heartbeat after ${heartbeatSeconds} s of silence, streams of ${number(maxStreamAgeSeconds)} s, ${number(maxStreams)} a task at most.`,
    `- Deployment: ${internetFacing ? 'public' : 'internal'}, ${stage.maxAzs} zones, edge: ${edge}; tasks of ${service.cpu / 1024} vCPU and ${service.memoryMiB / 1024} GB, each half full on average.`,
    `- Load, which nobody can derive: ${load.eventsPerMinute} event a minute and stream of ${load.eventBytes} bytes, ${load.publishedPerSecond} published a second, clients that stay for ${load.stayMinutes} minutes, ${load.streamsPerConnection} stream a connection. More events or larger ones are another bill.`,
  ].join('\n');
}

const titles: Readonly<Record<Item['id'], string>> = {
  balancer: 'balancer',
  traffic: 'traffic to clients',
  tasks: 'tasks',
  store: 'store',
  nat: 'NAT',
  zones: 'between zones',
  watching: 'metrics, alarms, logs',
  flowLogs: 'flow logs',
  edge: 'CloudFront requests',
  webAcl: 'web ACL',
};

type Row = readonly string[];

function billRows(setup: Setup, loads: readonly Load[]): readonly Row[] {
  const bills = loads.map((load) => bill(setup, load));
  const [first = []] = bills;
  const items = first.map(({ id }, index) => [titles[id], ...bills.map((items) => dollars(items[index]?.usd ?? 0))]);
  const sums = bills.map(total);
  const each = loads.map(({ streams }, index) => cents((1000 * (sums[index] ?? 0)) / streams));
  const atEdge = loads.map((load) => dollars(total(bill({ ...setup, edge: 'cloudfront' }, load))));
  return [
    ...items,
    ['**together**', ...sums.map((sum) => `**${dollars(sum)}**`)],
    ['for 1,000 streams', ...each],
    ...(setup.edge === 'none' ? [['together, with CloudFront in front', ...atEdge]] : []),
    ['tasks, of which', ...loads.map((load) => number(tasksFor(setup, load)))],
  ];
}

/** What the table says, in words that follow its numbers. */
function readings(setup: Setup, loads: readonly Load[]): readonly string[] {
  const said = loads.map((load) => {
    const items = bill(setup, load);
    const [one, two] = items.toSorted((a, b) => b.usd - a.usd);
    const share = (item: Item | undefined): string =>
      item === undefined ? '' : `${titles[item.id]} ${Math.round((100 * item.usd) / total(items))} % (${item.because})`;
    return `- ${number(load.streams)}: ${share(one)}, then ${share(two)}.`;
  });
  return ['What dominates:', said.join('\n'), notes];
}

const notes = `- Streams never pass a NAT gateway: they come in through the balancer, and go out the way they came. Heartbeats cost
  nothing between zones either: from an Application Load Balancer to its targets that is free.
- Flow logs of all connections get dearer with streams than anybody expects: heartbeats keep every connection in every
  window of ten minutes. \`aws.flowLogs: "rejected"\` writes the other ones.
- Not in it: access logs in S3, secrets, KMS, backups, image storage, support: a few dollars.`;

const lcuIntro = `One LCU is 25 new connections a second, 3,000 open ones, 1 GB an hour or 1,000 rule evaluations a second; the largest
counts. With long streams that is the open connections, at $${(prices.lcuHour.usd * 730).toFixed(2)} a month for 3,000, whether anything flows or not.
Over HTTP/2 the tabs of one browser share a connection to the balancer, and divide that.`;

const dimensions = {
  newConnections: 'new connections',
  activeConnections: 'open connections',
  gigabytes: 'GB an hour',
  evaluations: 'rule evaluations',
} as const;

function lcuRows({ policy }: Setup, loads: readonly Load[]): readonly Row[] {
  const all = loads.map((load) => lcu(policy, load));
  const names = Object.keys(dimensions) as (keyof typeof dimensions)[];
  return [
    ...names.map((name) => [dimensions[name], ...all.map((one) => number(one[name], 2))]),
    ['**paid**', ...all.map((one) => `**${number(paidLcu(one).units, 2)}**`)],
  ];
}

const turnIntro = 'One thing changed at a time, all else as above.';

function turns(setup: Setup, load: Load): readonly Row[] {
  const usual = total(bill(setup, load));
  const withPolicy = (policy: Partial<Setup['policy']>): Setup => ({
    ...setup,
    policy: { ...setup.policy, ...policy },
  });
  const { heartbeatSeconds, maxStreamAgeSeconds, maxStreams } = setup.policy;
  const cases: readonly (readonly [string, Setup, Load])[] = [
    [`heartbeat every ${2 * heartbeatSeconds} s`, withPolicy({ heartbeatSeconds: 2 * heartbeatSeconds }), load],
    [`heartbeat every ${heartbeatSeconds / 2} s`, withPolicy({ heartbeatSeconds: heartbeatSeconds / 2 }), load],
    ['streams four times as old', withPolicy({ maxStreamAgeSeconds: 4 * maxStreamAgeSeconds }), load],
    ['streams a quarter as old', withPolicy({ maxStreamAgeSeconds: maxStreamAgeSeconds / 4 }), load],
    [`${number(maxStreams * 2)} streams a task, of the same size`, withPolicy({ maxStreams: maxStreams * 2 }), load],
    ['three tabs a browser, over HTTP/2', setup, { ...load, streamsPerConnection: 3 }],
    ['ten times the events', setup, { ...load, eventsPerMinute: 10 * load.eventsPerMinute }],
    ['no events at all', setup, { ...load, eventsPerMinute: 0 }],
    ['flow logs of rejected connections only', { ...setup, stage: { ...setup.stage, flowLogs: 'rejected' } }, load],
    ['CloudFront in front', { ...setup, edge: 'cloudfront' }, load],
  ];
  return [
    ['as above', dollars(usual), ''],
    ...cases.map(([what, changed, under]) => {
      const sum = total(bill(changed, under));
      return [what, dollars(sum), signed(sum - usual)];
    }),
  ];
}

const pricesIntro = `All of them in \`lib/aws/cost/prices.ts\`. "aws" was read on AWS's own page (September 2026), "others" is what others quote
from it (March to June 2026); "memory" was not looked up: check it before you rely on it. Traffic to clients goes by tiers,
\`internetTiers\` and \`edgeTiers\` there.`;

const priceRows = (): readonly Row[] => [
  ...Object.values<Price>(prices).map(priceRow),
  ...Object.entries(nodePrices).map(([type, price]) => priceRow({ ...price, per: `${price.per}, ${type}` })),
];

const priceRow = ({ usd, per, source, seen }: Price): Row => [`$${usd}`, per, seen, source];

const table = (header: Row, rows: readonly Row[]): string =>
  [header, header.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const number = (value: number, digits = 0): string => value.toLocaleString('en-US', { maximumFractionDigits: digits });
const dollars = (value: number): string => `$${number(value)}`;
const cents = (value: number): string => `$${value.toFixed(2)}`;
const signed = (value: number): string => (Math.round(value) < 0 ? `−${dollars(-value)}` : `+${dollars(value)}`);
