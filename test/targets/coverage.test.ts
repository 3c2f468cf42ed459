import { type KitConfig, parseConfig } from '../../lib/config/load.ts';
import { targetsInUse } from '../../lib/config/targets-in-use.ts';
import { fieldNames, type StreamPolicy } from '../../lib/policy/index.ts';
import { changesFor } from '../../lib/targets/expressible.ts';
import { type AnyTarget, edges, targets } from '../../lib/targets/index.ts';
import { type Spelling, spellings } from './spellings.ts';

type FieldName = keyof StreamPolicy;

const clouds = {
  proxies: {},
  aws: { aws: { enabled: true } },
  edge: { aws: { enabled: true, edge: 'cloudfront' } },
  kubernetes: { kubernetes: { enabled: true } },
  nowhere: {},
} as const;

const cloudOf: Readonly<Record<string, keyof typeof clouds>> = {
  nginx: 'proxies',
  haproxy: 'proxies',
  caddy: 'proxies',
  apache: 'proxies',
  envoy: 'proxies',
  varnish: 'proxies',
  traefik: 'proxies',
  cloudflare: 'proxies',
  cloudfront: 'edge',
  alb: 'aws',
  ecs: 'aws',
  elasticache: 'aws',
  kubernetes: 'kubernetes',
  service: 'nowhere',
};

/** sse-kit.config.json with some of its policy changed, for a deployment that one target is part of, and no other proxy. */
function configFor(target: AnyTarget, policy: Partial<StreamPolicy>): KitConfig {
  const [edge] = Object.entries(edges).find(([, one]) => one === target) ?? [];
  return parseConfig({
    aws: { enabled: false },
    kubernetes: { enabled: false },
    proxies: { use: cloudOf[target.id] === 'proxies' ? [target.id] : [] },
    // room for whatever number of streams a case asks for
    service: { memoryMiB: 4096 },
    ...(edge === undefined ? clouds[cloudOf[target.id] ?? 'nowhere'] : { kubernetes: { enabled: true, edge } }),
    // what the target cannot express otherwise comes first: no cookies, say
    policy: { ...policy, ...changesFor(target) },
  });
}

function textOf(target: AnyTarget, policy: Partial<StreamPolicy> = {}): string {
  const config = configFor(target, policy);
  expect(targetsInUse(config)).toContain(target);
  return Object.values(target.files(config.policy)).join('\n');
}

const pairs = targets.flatMap((target) => fieldNames.map((field) => [target.id, field, target] as const));

const covered = pairs.filter(([, field, target]) => 'as' in target.coverage[field]);
const declined = pairs.filter(([, field, target]) => 'because' in target.coverage[field]);

test('every target answers for every policy field: where it goes, or why it has no place', () => {
  const silent = pairs.filter(([, field, { coverage }]) => {
    const entry: { as?: string; because?: string } = coverage[field];
    return ((entry.as ?? '') === '') === ((entry.because ?? '') === '');
  });

  expect(silent.map(([id, field]) => `${id}: ${field}`)).toEqual([]);
  expect(targets.flatMap(({ id, coverage }) => Object.keys(coverage).map((field) => `${id}: ${field}`)).sort()).toEqual(
    pairs.map(([id, field]) => `${id}: ${field}`).sort(),
  );
});

test('every pair of target and field that is rendered has its spelling, and only those', () => {
  const spelt = Object.entries(spellings).flatMap(([id, fields]) =>
    Object.keys(fields).map((field) => `${id}: ${field}`),
  );

  expect(spelt.sort()).toEqual(covered.map(([id, field]) => `${id}: ${field}`).sort());
});

/** A pair without a spelling says what no file can say, and fails. */
const spellingOf = (id: string, field: FieldName): Spelling =>
  spellings[id]?.[field] ?? { value: 'none', says: ['no spelling'] };

test.each(covered)('in %s, another %s appears in its own unit and spelling', (id, field, target) => {
  const { value, given, says } = spellingOf(id, field);
  const before = textOf(target, given);
  const after = textOf(target, { ...given, [field]: value });

  expect(says.filter((line) => before.includes(line))).toEqual([]);
  expect(says.filter((line) => !after.includes(line))).toEqual([]);
});

test.each(declined)('in %s, another %s changes nothing', (_, field, target) => {
  // the service carries every field, so it has a value to try for each
  const { value } = spellingOf('service', field);

  expect(textOf(target, { [field]: value })).toBe(textOf(target));
});
