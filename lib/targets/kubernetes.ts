import { graceSeconds, retryBoundsMs, type StreamPolicy } from '../policy/index.ts';
import { numberFrom, type SettingGroups, setting, settingsFile, type Values, valuesOf } from './settings.ts';
import { defineTarget } from './target.ts';

/** Numbers of the Deployment and its pods, by the names of the Kubernetes API. */
export interface KubernetesConfig {
  readonly pod: Values;
  readonly deployment: Values;
  readonly disruptionBudget: Values;
}

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
    maxStreamAgeSeconds: byService,
    maxStreamAgeJitter: byService,
    retryMs: { as: 'minReadySeconds' },
    retryJitter: { as: 'minReadySeconds' },
    propagationSeconds: { as: 'preStop.sleep.seconds, terminationGracePeriodSeconds' },
    drainSeconds: { as: 'terminationGracePeriodSeconds' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: byService,
    slowClientBytes: byService,
    maxStreams: byService,
    maxStreamsPerUser: byService,
    connectRatePerSecond: byService,
    keepAliveSeconds: byService,
    stickiness: {
      because: 'a matter of the edge; ClientIP affinity of a Service pins everybody behind one NAT to one pod',
    },
  },
  limits: [],
  render: (policy) => {
    const { pod, deployment, disruptionBudget } = settings(policy);
    return { pod: valuesOf(pod), deployment: valuesOf(deployment), disruptionBudget: valuesOf(disruptionBudget) };
  },
  read: ({ pod }) => {
    const grace = numberFrom(pod, 'terminationGracePeriodSeconds', 30);
    const sleep = numberFrom(pod, 'preStopSleepSeconds', 0);
    return {
      target: 'kubernetes',
      propagation: { value: sleep, setting: `preStop.sleep.seconds: ${sleep}` },
      stopWindow: { value: grace - sleep, setting: `terminationGracePeriodSeconds: ${grace} less preStop ${sleep}` },
    };
  },
  files: (policy) => ({
    'kubernetes.yaml': settingsFile('Kubernetes: numbers of the Deployment and its pods', settings(policy)),
  }),
});
