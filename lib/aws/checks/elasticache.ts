import { elasticache, type StoreGroup, storeFaults } from '../../targets/index.ts';
import type { Reading } from './reading.ts';
import { type Bag, bag, list, type Resource, referred } from './template.ts';
import { entries, type Known, pick, presence, together } from './values.ts';

/** Memcached has neither channels nor a log: no event store. */
const isStoreFamily = (family: unknown): boolean => /^(valkey|redis)/.test(String(family));

function parameterGroup({ properties }: Resource): readonly Reading[] {
  if (!isStoreFamily(properties.CacheParameterGroupFamily)) return [];
  const { values, unresolved } = entries(properties.Properties);
  const hop = elasticache.read({ parameters: values });
  return [{ values, unresolved, at: 'Properties', attributesAt: 'Properties.Properties', hop, target: elasticache }];
}

function replicationGroup({ properties, template }: Resource): readonly Reading[] {
  const known = together(
    pick(
      properties,
      'Engine',
      'EngineVersion',
      'CacheNodeType',
      'NumCacheClusters',
      'NumNodeGroups',
      'ReplicasPerNodeGroup',
      'ClusterMode',
      'AutomaticFailoverEnabled',
      'MultiAZEnabled',
      'TransitEncryptionEnabled',
    ),
    presence(properties, 'AuthToken'),
  );
  const group = referred(properties.CacheParameterGroupName, template);
  const store = storeOf(known, properties, group);
  return [{ ...known, at: 'Properties', faults: storeFaults(store).map(asSpelt) }, ...parametersOf(properties, group)];
}

/** A group of the same template speaks for itself; the default ones cannot be changed and hold the engine's defaults. */
function parametersOf(properties: Bag, group: Resource | undefined): readonly Reading[] {
  if (group !== undefined) return [];
  const named = pick(properties, 'CacheParameterGroupName');
  const { CacheParameterGroupName: name = 'default.' } = named.values;
  if (named.unresolved.length > 0 || !String(name).startsWith('default.'))
    return [{ values: {}, unresolved: ['CacheParameterGroupName'], at: 'Properties' }];
  return [{ ...named, at: 'Properties', hop: elasticache.read({ parameters: {} }), target: elasticache }];
}

/** What is known of the store; whatever hangs on something that is not known is left out. */
function storeOf({ values, unresolved }: Known, properties: Bag, group: Resource | undefined): StoreGroup {
  const isKnown = (key: string): boolean => !unresolved.includes(key);
  const texts = (key: string) => (values[key] === undefined ? undefined : String(values[key]));
  const flag = (key: string) => (values[key] === undefined ? undefined : String(values[key]) === 'true');
  const family = group && pick(group.properties, 'CacheParameterGroupFamily').values.CacheParameterGroupFamily;
  return {
    // CreateReplicationGroup makes it Redis when nothing is said
    engine: texts('Engine') ?? (isKnown('Engine') ? 'redis' : undefined),
    engineVersion: texts('EngineVersion'),
    cacheNodeType: texts('CacheNodeType'),
    parameterFamily: family === undefined ? undefined : String(family),
    ...sizeOf(properties, values, isKnown),
    clusterMode: values.ClusterMode === 'enabled',
    automaticFailoverEnabled: flag('AutomaticFailoverEnabled'),
    multiAzEnabled: isKnown('AutomaticFailoverEnabled') ? flag('MultiAZEnabled') : undefined,
    transitEncryptionEnabled: flag('TransitEncryptionEnabled'),
    authToken: isKnown('TransitEncryptionEnabled') ? flag('AuthToken') : undefined,
  };
}

/** Shards and the copies of each, in any of the three ways to say it. */
function sizeOf(properties: Bag, values: Known['values'], isKnown: (key: string) => boolean) {
  const groups = list(properties.NodeGroupConfiguration).map(bag);
  const elsewhere = properties.PrimaryClusterId ?? properties.GlobalReplicationGroupId;
  const counts = groups.map(({ ReplicaCount }) => ReplicaCount).filter((count) => typeof count === 'number');
  const { NumCacheClusters, NumNodeGroups, ReplicasPerNodeGroup } = values;
  const shards = NumNodeGroups === undefined ? groups.length || undefined : Number(NumNodeGroups);
  const counted = ['NumCacheClusters', 'ReplicasPerNodeGroup'].every(isKnown) && elsewhere === undefined;
  if (ReplicasPerNodeGroup !== undefined) return { shards, replicas: Number(ReplicasPerNodeGroup) };
  if (NumCacheClusters !== undefined) return { shards, replicas: Number(NumCacheClusters) - 1 };
  if (groups.length > 0) return { shards, replicas: counts.length === groups.length ? Math.min(...counts) : undefined };
  return { shards, replicas: counted && shards === undefined ? 0 : undefined };
}

/** Fields of a store begin small, properties of CloudFormation do not. */
const asSpelt = <T extends { readonly fields: readonly string[] }>(fault: T): T => ({
  ...fault,
  fields: fault.fields.map((field) => propertyOf[field] ?? field.charAt(0).toUpperCase() + field.slice(1)),
});

const propertyOf: Readonly<Record<string, string>> = {
  replicas: 'NumCacheClusters',
  shards: 'NumNodeGroups',
  parameterFamily: 'CacheParameterGroupName',
  multiAzEnabled: 'MultiAZEnabled',
};

function serverless({ properties }: Resource): readonly Reading[] {
  const engine = pick(properties, 'Engine');
  if (engine.values.Engine === 'memcached') return [];
  const storage = pick(bag(bag(properties.CacheUsageLimits).DataStorage), 'Maximum');
  const limits = 'Maximum' in storage.values ? { 'DataStorage.Maximum': storage.values.Maximum ?? 0 } : {};
  return [
    {
      values: engine.values,
      unresolved: [...engine.unresolved, ...storage.unresolved.map((key) => `DataStorage.${key}`)],
      at: 'Properties',
      faults: storeFaults({ engine: engine.values.Engine?.toString() }).map(asSpelt),
      hop: elasticache.read({ parameters: {}, serverless: limits }),
      target: elasticache,
    },
  ];
}

/** Amazon ElastiCache: the event store. */
export const elastiCacheReaders = {
  'AWS::ElastiCache::ParameterGroup': parameterGroup,
  'AWS::ElastiCache::ReplicationGroup': replicationGroup,
  'AWS::ElastiCache::ServerlessCache': serverless,
};
