import type { Fault } from '../../policy/index.ts';
import { nodeMemory } from './nodes.ts';

/** What a store is made of, as the ElastiCache API spells it (CreateReplicationGroup); what is not known is left out. */
export interface StoreGroup {
  readonly engine?: string | undefined;
  readonly engineVersion?: string | undefined;
  readonly cacheNodeType?: string | undefined;
  /** CacheParameterGroupFamily of its parameter group. */
  readonly parameterFamily?: string | undefined;
  /** Copies beside each primary. */
  readonly replicas?: number | undefined;
  /** Shards; more than one, or the parameter `cluster-enabled`, is cluster mode. */
  readonly shards?: number | undefined;
  readonly clusterMode?: boolean | undefined;
  readonly automaticFailoverEnabled?: boolean | undefined;
  readonly multiAzEnabled?: boolean | undefined;
  readonly transitEncryptionEnabled?: boolean | undefined;
  readonly authToken?: boolean | undefined;
}

/**
 * Versions that the service can use, with the family of their parameters (ElastiCache user guide, "Supported engines and
 * versions" and "Engine specific parameters"). From 6.2, which trims logs by id; below 7 a cluster has no sharded pub/sub.
 */
const engines: Readonly<
  Record<string, readonly { readonly version: RegExp; readonly said: string; readonly family: string }[]>
> = {
  valkey: [
    { version: /^9\.[01]$/, said: '9.0, 9.1', family: 'valkey9' },
    { version: /^8\.[0-2]$/, said: '8.0 to 8.2', family: 'valkey8' },
    { version: /^7\.2$/, said: '7.2', family: 'valkey7' },
  ],
  redis: [
    { version: /^7\.[01]$/, said: '7.0, 7.1', family: 'redis7' },
    { version: /^6\.2$/, said: '6.2', family: 'redis6.x' },
  ],
};

/** API CreateReplicationGroup: one primary and up to five replicas in a node group. */
const mostReplicas = 5;

/** Node groups of a cluster; more than 90 nodes have to be asked for (ElastiCache user guide, "Quotas"). */
const mostNodes = 90;

/** The family of parameters that goes with an engine's version, or `undefined` for one that the service cannot use. */
export const familyOf = (engine: string, version: string): string | undefined =>
  engines[engine]?.find((known) => known.version.test(version))?.family;

/** What is wrong with a store in itself: ElastiCache refuses it, or the service cannot use it. CDK passes it on unchecked. */
export function storeFaults(group: StoreGroup): readonly Fault[] {
  return checks.flatMap(({ fields, broken }) => {
    const message = broken(group);
    return message === false ? [] : [{ rule: 'elasticache-store', fields, message }];
  });
}

interface Check {
  readonly fields: readonly (keyof StoreGroup)[];
  readonly broken: (group: StoreGroup) => string | false;
}

const inCluster = ({ clusterMode, shards = 1 }: StoreGroup): boolean => clusterMode === true || shards > 1;

const checks: readonly Check[] = [
  {
    fields: ['engine'],
    broken: ({ engine }) =>
      engine !== undefined &&
      engines[engine] === undefined &&
      `engine (${engine}) must be one of ${Object.keys(engines).join(', ')}; Memcached has neither logs nor pub/sub`,
  },
  {
    fields: ['engineVersion', 'engine'],
    broken: ({ engine = '', engineVersion }) => {
      const known = engines[engine];
      if (known === undefined || engineVersion === undefined || familyOf(engine, engineVersion)) return false;
      return `engineVersion (${engineVersion}) must be one of ${known.map(({ said }) => said).join(', ')}, which ElastiCache offers for ${engine}`;
    },
  },
  {
    fields: ['engineVersion', 'clusterMode'],
    broken: (group) =>
      inCluster(group) &&
      group.engineVersion?.startsWith('6.') === true &&
      `engineVersion (${group.engineVersion}) must be at least 7.0 in cluster mode, because notices go by SPUBLISH; raise engineVersion to 7.1`,
  },
  {
    fields: ['parameterFamily', 'engineVersion'],
    broken: ({ engine = '', engineVersion = '', parameterFamily }) => {
      const family = familyOf(engine, engineVersion);
      return (
        parameterFamily !== undefined &&
        family !== undefined &&
        parameterFamily !== family &&
        `parameterFamily (${parameterFamily}) must be ${family}, the family of ${engine} ${engineVersion}`
      );
    },
  },
  {
    fields: ['cacheNodeType'],
    broken: ({ cacheNodeType }) =>
      cacheNodeType !== undefined &&
      nodeMemory[cacheNodeType] === undefined &&
      `cacheNodeType (${cacheNodeType}) must be a node type of today such as ${nearest(cacheNodeType).join(', ')}`,
  },
  {
    fields: ['replicas'],
    broken: ({ replicas = 0 }) =>
      (!Number.isInteger(replicas) || replicas < 0 || replicas > mostReplicas) &&
      `replicas (${replicas}) must be a whole number from 0 to ${mostReplicas}, the replicas of one primary`,
  },
  {
    fields: ['shards', 'replicas'],
    broken: ({ shards = 1, replicas = 0 }) =>
      (!Number.isInteger(shards) || shards < 1 || shards * (replicas + 1) > mostNodes) &&
      `shards (${shards}) × (1 + replicas (${replicas})) must be at least 1 and at most ${mostNodes} nodes; lower shards to ${Math.floor(mostNodes / (replicas + 1))}`,
  },
  {
    fields: ['automaticFailoverEnabled', 'replicas'],
    broken: ({ automaticFailoverEnabled, replicas }) =>
      automaticFailoverEnabled === true &&
      replicas === 0 &&
      'automaticFailoverEnabled (true) must come with at least one replica; raise replicas to 1',
  },
  {
    fields: ['automaticFailoverEnabled', 'clusterMode'],
    broken: (group) =>
      inCluster(group) &&
      group.automaticFailoverEnabled === false &&
      'automaticFailoverEnabled (false) must be true in cluster mode; set it and raise replicas to 1',
  },
  {
    fields: ['multiAzEnabled', 'automaticFailoverEnabled'],
    broken: ({ multiAzEnabled, automaticFailoverEnabled }) =>
      multiAzEnabled === true &&
      automaticFailoverEnabled !== true &&
      'multiAzEnabled (true) must come with automaticFailoverEnabled (true)',
  },
  {
    fields: ['authToken', 'transitEncryptionEnabled'],
    broken: ({ authToken, transitEncryptionEnabled }) =>
      authToken === true &&
      transitEncryptionEnabled !== true &&
      'authToken must come with transitEncryptionEnabled (true), without which ElastiCache refuses it',
  },
];

/** Node types that begin like the one that was meant. */
function nearest(name: string): readonly string[] {
  const all = Object.keys(nodeMemory);
  const near = all.filter((type) => type.startsWith(name.slice(0, name.lastIndexOf('.') + 1) || 'cache.'));
  return (near.length > 0 ? near : ['cache.t4g.small', 'cache.m7g.large', 'cache.r7g.large']).slice(0, 4);
}
