import { policyRule, type StreamPolicy, stopSeconds } from '../policy/index.ts';
import { numberFrom, type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** Properties of the container definition and of the service, as the ECS API spells them. */
export interface EcsConfig {
  readonly container: Values;
  readonly service: Values;
}

/** Fargate's range for stopTimeout (ECS API, ContainerDefinition); CDK passes other values on unchecked. */
const longestStop = 120;

/** Fargate's own limit on open files; asking for less would only take away. */
const fargateFiles = 65_535;

/** Upper bound of the nofile limit that Fargate accepts. */
const mostFiles = 1_048_576;

function filesFor(policy: StreamPolicy): number {
  return Math.max(fargateFiles, Math.ceil(policy.maxStreams * 1.2) + 1000);
}

function settings(policy: StreamPolicy): SettingGroups<keyof EcsConfig> {
  return {
    container: [
      setting(
        'stopTimeout',
        stopSeconds(policy),
        'from SIGTERM to SIGKILL: the drain, and time to close what is left',
        ['drainSeconds'],
      ),
      setting(
        'nofile',
        filesFor(policy),
        'each stream is an open file; a fifth on top for the store, logs and probes',
        ['maxStreams'],
      ),
    ],
    service: [
      setting(
        'minimumHealthyPercent',
        100,
        'the default of 50 stops half of the replicas, and their streams, before the new ones are up',
      ),
      setting('maximumPercent', 200, 'new replicas start beside the old ones'),
      setting(
        'circuitBreakerRollback',
        true,
        'a release that never gets healthy is rolled back before it has taken streams',
      ),
      setting('healthCheckGracePeriodSeconds', 30, 'a starting task is not stopped for not being ready yet'),
    ],
  };
}

/** AWS ECS on Fargate: how tasks are stopped, replaced and limited. */
export const ecs = defineTarget<EcsConfig>({
  id: 'ecs',
  title: 'AWS ECS (Fargate)',
  coverage: {
    heartbeatSeconds: { because: 'read by the service from SSE_POLICY' },
    missedHeartbeats: { because: 'read by the service from SSE_POLICY' },
    idleSeconds: { because: 'no timer on the stream; Service Connect, which has one, is not used' },
    maxStreamAgeSeconds: { because: 'read by the service from SSE_POLICY' },
    maxStreamAgeJitter: { because: 'read by the service from SSE_POLICY' },
    retryMs: { because: 'read by the service from SSE_POLICY' },
    retryJitter: { because: 'read by the service from SSE_POLICY' },
    propagationSeconds: {
      because: 'ECS waits for the whole deregistration delay before it stops a task; see the alb target',
    },
    drainSeconds: { as: 'container stopTimeout' },
    replaySeconds: { because: 'read by the service from SSE_POLICY' },
    replayMaxEvents: { because: 'read by the service from SSE_POLICY' },
    maxEventBytes: { because: 'read by the service from SSE_POLICY' },
    slowClientBytes: { because: 'read by the service from SSE_POLICY' },
    maxStreams: { as: 'container ulimit nofile' },
    maxStreamsPerUser: { because: 'read by the service from SSE_POLICY' },
    connectRatePerSecond: { because: 'read by the service from SSE_POLICY' },
    keepAliveSeconds: { because: 'read by the service from SSE_POLICY' },
    stickiness: { because: 'a matter of the target group; see the alb target' },
  },
  limits: [
    policyRule({
      id: 'ecs-stop-timeout',
      why: 'Fargate kills a task this long after SIGTERM, whatever it is still doing',
      source: 'docs.aws.amazon.com/AmazonECS: ContainerDefinition.stopTimeout 2 to 120 on Fargate',
      fields: ['drainSeconds'],
      broken: (policy) =>
        stopSeconds(policy) > longestStop &&
        `drainSeconds (${policy.drainSeconds}) + 10 s must be at most ${longestStop}, Fargate's stopTimeout limit; lower drainSeconds to ${longestStop - 10}`,
    }),
    policyRule({
      id: 'ecs-open-files',
      why: 'a stream above the limit is refused by the kernel',
      source: 'docs.aws.amazon.com/AmazonECS: ulimit nofile on Fargate',
      fields: ['maxStreams'],
      broken: (policy) =>
        filesFor(policy) > mostFiles &&
        `maxStreams (${policy.maxStreams}) × 1.2 + 1000 must be at most ${mostFiles} open files; lower maxStreams to ${Math.floor((mostFiles - 1000) / 1.2)}`,
    }),
  ],
  render: (policy) => {
    const { container, service } = settings(policy);
    return { container: valuesOf(container), service: valuesOf(service) };
  },
  read: ({ container }) => {
    const stop = numberFrom(container, 'stopTimeout', 30);
    const files = numberFrom(container, 'nofile', fargateFiles);
    return {
      target: 'ecs',
      stopWindow: { value: stop, setting: `stopTimeout=${stop}` },
      streamLimit: { value: files, setting: `nofile=${files}` },
    };
  },
  files: (policy) => ({
    'ecs.yaml': settingsFile('AWS ECS on Fargate: container and service for streams', settings(policy)),
  }),
});
