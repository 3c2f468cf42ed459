import { graceSeconds, type Hop, policyRule, retryBoundsMs, type StreamPolicy } from '../policy/index.ts';
import { numberFrom, type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** Numbers of the Deployment and its pods, by the names of the Kubernetes API. */
export interface KubernetesConfig {
  readonly pod: Values;
  readonly deployment: Values;
  readonly disruptionBudget: Values;
  /** Numbers of a HorizontalPodAutoscaler, also of the one that KEDA makes. */
  readonly autoscaling: Values;
}

/** Kubernetes looks back no further (autoscaling/v2, stabilizationWindowSeconds 0 to 3600). */
const longestStabilizationSeconds = 3600;

/** The longest period of a scaling policy (autoscaling/v2, HPAScalingPolicy.periodSeconds). */
const longestPeriodSeconds = 1800;

function settings(policy: StreamPolicy): SettingGroups<keyof KubernetesConfig> {
  return {
    pod: [
      setting(
        'terminationGracePeriodSeconds',
        graceSeconds(policy),
        'preStop runs inside the grace period: propagation, then drain, then time to close what is left',
        ['propagationSeconds', 'drainSeconds'],
      ),
      setting(
        'preStopSleepSeconds',
        policy.propagationSeconds,
        'endpoints are removed concurrently with SIGTERM; until every router knows, the pod goes on serving',
        ['propagationSeconds'],
      ),
      setting('readinessPeriodSeconds', 5, 'a deaf replica is out of rotation after two probes'),
      setting('readinessFailureThreshold', 2, 'one lost probe is no reason to move streams'),
      setting(
        'livenessPeriodSeconds',
        10,
        'a restart cuts every stream of the pod: only a process that answers nothing at all deserves it',
      ),
      setting('livenessFailureThreshold', 6, 'a minute of silence, not a busy moment'),
    ],
    deployment: [
      setting('maxUnavailable', 0, 'no replica is stopped before its successor is ready'),
      setting('maxSurge', 1, "one replica's streams move at a time"),
      setting(
        'minReadySeconds',
        Math.ceil(retryBoundsMs(policy).most / 1000),
        'the streams of one replica have come back before the next one is stopped',
        ['retryMs', 'retryJitter'],
      ),
    ],
    disruptionBudget: [setting('maxUnavailable', 1, 'node upgrades move the streams of one replica at a time')],
    autoscaling: [
      setting(
        'targetAverageStreams',
        Math.ceil(policy.maxStreams / 2),
        'half of what a replica holds: of two replicas, one can take over the streams of the other',
        ['maxStreams'],
      ),
      setting(
        'scaleDownStabilizationSeconds',
        Math.min(policy.maxStreamAgeSeconds, longestStabilizationSeconds),
        'old streams stay where they are until their age, so load is even only then; 3600 is the most there is',
        ['maxStreamAgeSeconds'],
      ),
      setting('scaleDownPods', 1, "one replica's streams move at a time"),
      setting(
        'scaleDownPeriodSeconds',
        graceSeconds(policy),
        'the replica before is gone, and its streams are with the others',
        ['propagationSeconds', 'drainSeconds'],
      ),
    ],
  };
}

const byService = { because: 'read by the service from SSE_POLICY' };

/** The Deployment that runs the service on Kubernetes, whatever the edge in front of it. */
export const kubernetes = defineTarget<KubernetesConfig>({
  id: 'kubernetes',
  title: 'Kubernetes Deployment',
  coverage: {
    heartbeatSeconds: byService,
    missedHeartbeats: byService,
    idleSeconds: { because: 'kube-proxy has no idle timer on established connections that heartbeats do not reset' },
    maxStreamAgeSeconds: { as: 'scaleDown.stabilizationWindowSeconds' },
    maxStreamAgeJitter: byService,
    retryMs: { as: 'minReadySeconds' },
    retryJitter: { as: 'minReadySeconds' },
    propagationSeconds: {
      as: 'preStop.sleep.seconds, terminationGracePeriodSeconds, scaleDown.policies.periodSeconds',
    },
    drainSeconds: { as: 'terminationGracePeriodSeconds, scaleDown.policies.periodSeconds' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: byService,
    slowClientBytes: byService,
    maxStreams: { as: 'target average of sse_streams_active; what resources.limits.memory is judged by' },
    maxStreamsPerUser: byService,
    connectRatePerSecond: byService,
    keepAliveSeconds: byService,
    stickiness: {
      because: 'a matter of the edge; ClientIP affinity of a Service pins everybody behind one NAT to one pod',
    },
  },
  limits: [
    policyRule({
      id: 'kubernetes-scale-down-period',
      why: 'a replica is to be gone before the next one goes, and no scaling policy has a longer period',
      source: 'kubernetes.io API reference, autoscaling/v2 HPAScalingPolicy.periodSeconds: at most 1800',
      fields: ['propagationSeconds', 'drainSeconds'],
      broken: (policy) => {
        const grace = graceSeconds(policy);
        if (grace <= longestPeriodSeconds) return false;
        const { propagationSeconds, drainSeconds } = policy;
        const slack = grace - propagationSeconds - drainSeconds;
        const drain = longestPeriodSeconds - slack - propagationSeconds;
        const way =
          drain > 0
            ? `lower drainSeconds to ${drain}`
            : `lower propagationSeconds to ${longestPeriodSeconds - slack - drainSeconds}`;
        return `propagationSeconds (${propagationSeconds}) + drainSeconds (${drainSeconds}) + ${slack} s must be at most ${longestPeriodSeconds}, the longest period of a scaling policy; ${way}`;
      },
    }),
  ],
  render: (policy) => {
    const { pod, deployment, disruptionBudget, autoscaling } = settings(policy);
    return {
      pod: valuesOf(pod),
      deployment: valuesOf(deployment),
      disruptionBudget: valuesOf(disruptionBudget),
      autoscaling: valuesOf(autoscaling),
    };
  },
  read: ({ pod, autoscaling }) => {
    const grace = numberFrom(pod, 'terminationGracePeriodSeconds', 30);
    const sleep = numberFrom(pod, 'preStopSleepSeconds', 0);
    return {
      target: 'kubernetes',
      propagation: { value: sleep, setting: `preStop.sleep.seconds: ${sleep}` },
      stopWindow: { value: grace - sleep, setting: `terminationGracePeriodSeconds: ${grace} less preStop ${sleep}` },
      scaleIn: readScaleIn(autoscaling),
    };
  },
  files: (policy) => ({
    'kubernetes.yaml': settingsFile('Kubernetes: numbers of the Deployment and its pods', settings(policy)),
  }),
});

/**
 * What is not said counts with the defaults: 300 s of looking back, and all replicas that are not needed every 15 s
 * (kubernetes.io, "Horizontal Pod Autoscaling": default behavior).
 */
function readScaleIn(values: Values): NonNullable<Hop['scaleIn']> {
  const stabilization = numberFrom(values, 'scaleDownStabilizationSeconds', 300);
  const period = numberFrom(values, 'scaleDownPeriodSeconds', 15);
  const pods = numberFrom(values, 'scaleDownPods', Number.POSITIVE_INFINITY);
  return {
    value: { stabilization, step: period / pods },
    setting: `scaleDown.stabilizationWindowSeconds: ${stabilization}, ${pods} pods per ${period} s`,
  };
}
