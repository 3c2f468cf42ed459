import { policyRule, type StreamPolicy } from '../policy/index.ts';
import { numberFrom, type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** Parameters of an ElastiCache parameter group (Valkey or Redis OSS, node-based). */
export interface ElastiCacheConfig {
  readonly parameters: Values;
}

/** What Valkey and Redis give pub/sub subscribers by default: 32mb 8mb 60 (valkey.conf). */
const usualSoftBytes = 8_388_608;

/** Largest value of an output buffer limit parameter: a signed 32-bit number of bytes. */
const mostBytes = 2_147_483_647;

const softBytes = ({ maxEventBytes }: StreamPolicy): number => Math.max(usualSoftBytes, 100 * maxEventBytes);
const hardBytes = (policy: StreamPolicy): number => 4 * softBytes(policy);

function settings(policy: StreamPolicy): SettingGroups<keyof ElastiCacheConfig> {
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
  read: ({ parameters }) => {
    const soft = numberFrom(parameters, 'client-output-buffer-limit-pubsub-soft-limit', usualSoftBytes);
    return {
      target: 'elasticache',
      subscriberBuffer: { value: soft, setting: `client-output-buffer-limit-pubsub-soft-limit=${soft}` },
    };
  },
  files: (policy) => ({
    'elasticache.yaml': settingsFile('AWS ElastiCache: parameter group of the event store', settings(policy)),
  }),
});
