import { type Hop, policyRule, type StreamPolicy } from '../policy/index.ts';
import { reservedShare } from './elasticache/nodes.ts';
import { numberFrom, type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** A store of ElastiCache: the parameter group of one that is made of nodes, or the limits of a serverless one. */
export interface ElastiCacheConfig {
  /** Of a serverless store they do not count: it has no parameter group. */
  readonly parameters: Values;
  /**
   * CacheUsageLimits of a serverless store. Without `DataStorage.Maximum` it grows for as long as it is paid for; at
   * that limit it evicts.
   */
  readonly serverless?: Values;
}

/**
 * The rights of the service's user, as an ElastiCache access string: what docs/decisions/10-redis.md names and the tests
 * get by with, and no more. `patterns` adds what the patterns keep in the store (docs/patterns.md).
 */
export const storeRights = (patterns = false): string =>
  `on ~sse-kit:{0}:* &sse-kit:{0}:* -@all ${[...commands, ...(patterns ? patternCommands : [])].map((name) => `+${name}`).join(' ')}`;

const commands =
  'get getdel set time xadd xrange xtrim pexpire eval evalsha multi exec publish spublish subscribe unsubscribe ssubscribe sunsubscribe select info ping cluster|slots'.split(
    ' ',
  );

const patternCommands =
  'zadd zrem zrange zrangebyscore zrevrangebyscore hset hget hdel hexists sadd srem scard sismember del'.split(' ');

/** Rights, node types and what else a store is made of. */
export { familyOf, type StoreGroup, storeFaults } from './elasticache/group.ts';
export { fullShare, historyBytes, nodeMemory, nodeTypeFor, reservedShare, type Traffic } from './elasticache/nodes.ts';

/**
 * Connection tracking of newer instance types forgets a silent TCP connection after 350 s (EC2 user guide, "Idle
 * connection tracking timeout"), and a replica that is gone for good should not stay subscribed for long.
 */
const tcpKeepAliveSeconds = 60;

/** What Valkey and Redis give pub/sub subscribers by default: 32mb 8mb 60 (valkey.conf). */
const usualSoftBytes = 8_388_608;

/** Largest value of an output buffer limit parameter: a signed 32-bit number of bytes. */
const mostBytes = 2_147_483_647;

const softBytes = ({ maxEventBytes }: StreamPolicy): number => Math.max(usualSoftBytes, 100 * maxEventBytes);
const hardBytes = (policy: StreamPolicy): number => 4 * softBytes(policy);

function settings(policy: StreamPolicy): SettingGroups<'parameters'> {
  return {
    parameters: [
      setting(
        'client-output-buffer-limit-pubsub-hard-limit',
        hardBytes(policy),
        'a replica this far behind is cut off and resumes from the log',
        ['maxEventBytes'],
      ),
      setting(
        'client-output-buffer-limit-pubsub-soft-limit',
        softBytes(policy),
        'room for a hundred of the largest events before a replica counts as slow',
        ['maxEventBytes'],
      ),
      setting('client-output-buffer-limit-pubsub-soft-seconds', 60, 'how long it may stay above the soft limit'),
      setting(
        'maxmemory-policy',
        'noeviction',
        'a full store refuses publishes, loudly; an evicting one loses history in silence',
      ),
      setting(
        'reserved-memory-percent',
        100 * reservedShare,
        'for snapshots and copies that catch up; without it a full primary falls over when either begins',
      ),
      setting('client-output-buffer-limit-normal-hard-limit', 0, 'no limit: a resume may read a whole history at once'),
      setting(
        'client-output-buffer-limit-normal-soft-limit',
        0,
        'none either; what a copy may lag by is fixed by node type',
      ),
      setting('timeout', 0, 'connections are kept however long they are silent'),
      setting(
        'tcp-keepalive',
        tcpKeepAliveSeconds,
        'a replica that is gone is noticed, and no tracker forgets one that is not',
      ),
    ],
  };
}

const elsewhere = { because: 'the service sets it on each log entry as it publishes' };
const notHere = { because: 'no part of the store' };

/** AWS ElastiCache: the parameter group of the event store. */
export const elasticache = defineTarget<ElastiCacheConfig>({
  id: 'elasticache',
  title: 'AWS ElastiCache (Valkey)',
  coverage: {
    heartbeatSeconds: notHere,
    missedHeartbeats: notHere,
    idleSeconds: { because: 'subscribers are kept busy by the service itself every few seconds' },
    maxStreamAgeSeconds: notHere,
    maxStreamAgeJitter: notHere,
    retryMs: notHere,
    retryJitter: notHere,
    propagationSeconds: notHere,
    drainSeconds: notHere,
    replaySeconds: elsewhere,
    replayMaxEvents: elsewhere,
    maxEventBytes: { as: 'client-output-buffer-limit-pubsub-*' },
    slowClientBytes: notHere,
    maxStreams: { because: 'one subscriber connection per replica, however many streams it holds' },
    maxStreamsPerUser: notHere,
    connectRatePerSecond: notHere,
    keepAliveSeconds: notHere,
    stickiness: notHere,
  },
  limits: [
    policyRule({
      id: 'elasticache-buffer-limit',
      why: 'the parameter does not take more',
      source: 'docs.aws.amazon.com/AmazonElastiCache: client-output-buffer-limit-pubsub-hard-limit',
      fields: ['maxEventBytes'],
      broken: (policy) =>
        hardBytes(policy) > mostBytes &&
        `maxEventBytes (${policy.maxEventBytes}) × 400 must be at most ${mostBytes} bytes of subscriber buffer; lower maxEventBytes to ${Math.floor(mostBytes / 400)}`,
    }),
  ],
  render: (policy) => ({ parameters: valuesOf(settings(policy).parameters) }),
  read: ({ parameters, serverless }) => (serverless === undefined ? readNodes(parameters) : readServerless(serverless)),
  files: (policy) => ({
    'elasticache.yaml': settingsFile('AWS ElastiCache: parameter group of the event store', settings(policy)),
  }),
});

/** A parameter that is not set counts with ElastiCache's default, which evicts. */
function readNodes(parameters: Values): Hop {
  const soft = numberFrom(parameters, 'client-output-buffer-limit-pubsub-soft-limit', usualSoftBytes);
  const eviction = String(parameters['maxmemory-policy'] ?? 'volatile-lru');
  return {
    target: 'elasticache',
    subscriberBuffer: { value: soft, setting: `client-output-buffer-limit-pubsub-soft-limit=${soft}` },
    evictsHistory: { value: eviction !== 'noeviction', setting: `maxmemory-policy=${eviction}` },
  };
}

/** Fixed for all serverless stores: pubsub 32mb 8mb 60, volatile-lru (ElastiCache user guide, "Configuration and limits"). */
function readServerless(limits: Values): Hop {
  const most = limits['DataStorage.Maximum'];
  return {
    target: 'elasticache',
    subscriberBuffer: {
      value: usualSoftBytes,
      setting: 'serverless: client-output-buffer-limit pubsub 32mb 8mb 60 (fixed)',
    },
    evictsHistory: {
      value: most !== undefined,
      setting:
        most === undefined ? 'serverless without DataStorage.Maximum' : `serverless with DataStorage.Maximum=${most}`,
    },
  };
}
