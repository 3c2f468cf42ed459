import { Stack } from 'aws-cdk-lib';
import { CfnParameterGroup, type CfnReplicationGroup, type CfnServerlessCache } from 'aws-cdk-lib/aws-elasticache';
import { hopRules, type StreamPolicy } from '../../policy/index.ts';
import { elasticache, familyOf } from '../../targets/index.ts';
import { asTexts, isBag, map, type Report, tuned } from './tuned.ts';

/** Memcached has neither channels nor a log: no event store. */
export const isTunableParameters = ({ cacheParameterGroupFamily }: CfnParameterGroup): boolean =>
  /^(valkey|redis)/.test(cacheParameterGroupFamily);

export function tuneParameters(group: CfnParameterGroup, policy: StreamPolicy, report: Report): void {
  const wanted = asTexts(elasticache.render(policy).parameters);
  group.properties = tuned(group, 'Properties', group.properties, map, () => wanted, report);
}

/**
 * A default group cannot be changed: one of its own takes its place. ElastiCache applies that without replacing nodes.
 *
 * @throws Error when the group is defined elsewhere, or its family cannot be told.
 */
export function tuneReplicationGroup(store: CfnReplicationGroup, policy: StreamPolicy, report: Report): void {
  const stack = Stack.of(store);
  const { path } = store.node;
  const named: unknown = stack.resolve(store.cacheParameterGroupName);
  const own = isBag(named) ? parametersNamed(stack, named.Ref) : undefined;
  if (own !== undefined) {
    tuneParameters(own, policy, report);
    return;
  }
  if (named !== undefined && !String(named).startsWith('default.')) throw new Error(elsewhere(path, named, policy));
  const family = familyIn(named) ?? familyOf(String(store.engine ?? 'redis'), String(store.engineVersion));
  if (family === undefined)
    throw new Error(
      `${path} says neither engineVersion (${store.engineVersion}) nor a default parameter group that the kit knows; set engine and engineVersion`,
    );
  const group = new CfnParameterGroup(store, 'StreamParameters', {
    cacheParameterGroupFamily: family,
    description: 'event store of the streams',
    // what the default group of this name has, and would be lost with it
    ...(String(named).endsWith('.cluster.on') && { properties: { 'cluster-enabled': 'yes' } }),
  });
  store.cacheParameterGroupName = group.ref;
  report([{ construct: path, key: 'CacheParameterGroupName', before: named, after: group.node.path }]);
  tuneParameters(group, policy, report);
}

/** default.valkey8, default.redis7.cluster.on */
const familyIn = (name: unknown): string | undefined =>
  /^default\.((?:valkey|redis)\d+(?:\.x)?)(?:\.cluster\.on)?$/.exec(String(name))?.[1];

const parametersNamed = (stack: Stack, logicalId: unknown): CfnParameterGroup | undefined =>
  stack.node
    .findAll()
    .filter(CfnParameterGroup.isCfnParameterGroup)
    .find((group) => stack.resolve(group.logicalId) === logicalId);

const elsewhere = (path: string, name: unknown, policy: StreamPolicy): string => {
  const wanted = Object.entries(elasticache.render(policy).parameters).map((pair) => pair.join(' '));
  return `the parameters of ${path} are defined elsewhere (${JSON.stringify(name)}); set there ${wanted.join(', ')}`;
};

/** Nothing of a serverless store can be set; it is right as it is, or it is no event store. */
export function refuseServerless(cache: CfnServerlessCache, policy: StreamPolicy): void {
  const limits: unknown = Stack.of(cache).resolve(cache.cacheUsageLimits);
  const storage = isBag(limits) && isBag(limits.dataStorage) ? limits.dataStorage : {};
  const most = typeof storage.maximum === 'number' ? { 'DataStorage.Maximum': storage.maximum } : {};
  const hop = elasticache.read({ parameters: {}, serverless: most });
  const faults = hopRules
    .map((rule) => rule.judge(policy, hop))
    .flatMap((said) => ('faults' in said ? said.faults : []));
  if (faults.length === 0) return;
  throw new Error(
    `${cache.node.path} is serverless, which has no parameters to tune: ${faults.map(({ message }) => message).join('; ')}`,
  );
}
