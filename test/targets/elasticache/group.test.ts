import { type StoreGroup, storeFaults } from '../../../lib/targets/index.ts';

/** A store that holds. */
const healthy: StoreGroup = {
  engine: 'valkey',
  engineVersion: '8.2',
  cacheNodeType: 'cache.m7g.large',
  parameterFamily: 'valkey8',
  replicas: 1,
  automaticFailoverEnabled: true,
  multiAzEnabled: true,
  transitEncryptionEnabled: true,
};

const messages = (group: StoreGroup) => storeFaults({ ...healthy, ...group }).map(({ message }) => message);

test('has nothing to say against a store that ElastiCache takes and the service can use', () => {
  expect(messages({})).toEqual([]);
  expect(messages({ engine: 'redis', engineVersion: '7.1', parameterFamily: 'redis7' })).toEqual([]);
  expect(messages({ shards: 3, replicas: 2, clusterMode: true })).toEqual([]);
});

test('does not judge what is not known', () => {
  expect(storeFaults({})).toEqual([]);
});

test.each<[string, StoreGroup, string]>([
  ['an engine that does not exist', { engine: 'valky' }, 'engine (valky) must be one of valkey, redis'],
  ['Memcached', { engine: 'memcached', engineVersion: '1.6.22' }, 'engine (memcached) must be one of'],
  [
    'a version that does not exist',
    { engineVersion: '8.9' },
    'engineVersion (8.9) must be one of 9.0, 9.1, 8.0 to 8.2, 7.2',
  ],
  ['parameters of another version', { engineVersion: '7.2' }, 'parameterFamily (valkey8) must be valkey7'],
  [
    'a node type that does not exist',
    { cacheNodeType: 'cache.m7g.huge' },
    'cacheNodeType (cache.m7g.huge) must be a node type of today such as cache.m7g.large',
  ],
  ['half a replica', { replicas: 0.5 }, 'replicas (0.5) must be a whole number from 0 to 5'],
  ['too many replicas', { replicas: 6 }, 'replicas (6) must be a whole number from 0 to 5'],
  [
    'too many shards',
    { shards: 80 },
    'shards (80) × (1 + replicas (1)) must be at least 1 and at most 90 nodes; lower shards to 45',
  ],
  [
    'failover without a replica',
    { replicas: 0 },
    'automaticFailoverEnabled (true) must come with at least one replica; raise replicas to 1',
  ],
  [
    'zones without failover',
    { automaticFailoverEnabled: false },
    'multiAzEnabled (true) must come with automaticFailoverEnabled (true)',
  ],
  [
    'a cluster without failover',
    { clusterMode: true, automaticFailoverEnabled: false, multiAzEnabled: false },
    'must be true in cluster mode',
  ],
  [
    'a cluster of before sharded pub/sub',
    { engine: 'redis', engineVersion: '6.2', parameterFamily: 'redis6.x', clusterMode: true },
    'must be at least 7.0 in cluster mode',
  ],
  [
    'a token without TLS',
    { authToken: true, transitEncryptionEnabled: false },
    'authToken must come with transitEncryptionEnabled (true)',
  ],
])('fails for %s', (_, group, message) => {
  expect(messages(group)).toEqual([expect.stringContaining(message)]);
});
