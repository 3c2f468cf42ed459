import { type KeyTable, number, oneOf } from '../vendor/accepts.ts';
import { rightKeys, rightValues, type VendorCheck } from '../vendor/check.ts';

/** Largest value of a parameter that is a number: a signed 32-bit one. */
const most = 2_147_483_647;

const bufferLimits = (client: string): KeyTable => ({
  [`client-output-buffer-limit-${client}-hard-limit`]: number(0, most),
  [`client-output-buffer-limit-${client}-soft-limit`]: number(0, most),
  [`client-output-buffer-limit-${client}-soft-seconds`]: number(0, most),
});

/**
 * The parameters that streams depend on (ElastiCache user guide, "Engine specific parameters"). There are many more,
 * other ones in each family: only what resembles one of these is taken for a misspelling of it.
 */
const parameters: KeyTable = {
  ...bufferLimits('normal'),
  ...bufferLimits('pubsub'),
  'maxmemory-policy': oneOf(
    'noeviction',
    'volatile-lru',
    'volatile-lfu',
    'volatile-random',
    'volatile-ttl',
    'allkeys-lru',
    'allkeys-lfu',
    'allkeys-random',
  ),
  'reserved-memory-percent': number(0, 100),
  timeout: number(20, most, '0'),
  'tcp-keepalive': number(0, most),
};

/** Real parameters that resemble one of the above. */
const lookalikes: KeyTable = {
  ...bufferLimits('replica'),
  ...bufferLimits('slave'),
  'maxmemory-samples': number(1, most),
  'maxmemory-clients': number(0, most),
  'reserved-memory': number(0, most),
  'repl-timeout': number(0, most),
};

const words = {
  why: 'ElastiCache refuses it in the middle of a deployment; CDK, CloudFormation and cfn-lint pass it on',
  source: 'docs.aws.amazon.com/AmazonElastiCache: Engine specific parameters',
  on: 'AWS::ElastiCache::ParameterGroup',
};

/** What ElastiCache refuses of a parameter group for Valkey or Redis. */
export const parameterChecks: readonly VendorCheck[] = [
  rightKeys(
    {
      id: 'elasticache-parameter',
      ...words,
      example: { 'client-output-buffer-limit-pubsub-softlimit': '8388608' },
    },
    () => ({ table: { ...parameters, ...lookalikes }, of: 'a parameter group', elsewhere: {} }),
  ),
  rightValues({ id: 'elasticache-parameter-value', ...words, example: { 'maxmemory-policy': 'no-eviction' } }, () => ({
    ...parameters,
  })),
];
