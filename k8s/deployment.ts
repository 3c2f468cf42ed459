import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  Capability,
  type ConfigMap,
  type ContainerProps,
  Cpu,
  Deployment,
  DeploymentStrategy,
  Env,
  EnvValue,
  type IConfigMap,
  ImagePullPolicy,
  type k8s,
  LabelSelector,
  PercentOrAbsolute,
  Probe,
  SeccompProfileType,
  Secret,
} from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { kubernetes } from '../lib/targets/index.ts';
import type { Values } from '../lib/targets/settings.ts';
import { checksumOf, containerPort } from './environment.ts';
import { labelsOf, type SelectorLabels } from './labels.ts';
import { numberOf, patchManifest } from './rendered.ts';
import type { StreamChartProps } from './stream-chart.ts';

export interface ServiceDeploymentProps extends StreamChartProps {
  readonly selector: SelectorLabels;
  readonly configMap: ConfigMap;
}

/** The user of the image, as service/Dockerfile sets it. Only a number lets the kubelet see that it is not root. */
const user = 1000;

/** How long pulling an image and starting may take before a rollout counts as stuck; the default of Kubernetes. */
const startSeconds = 600;

/** Replicas of the service, replaced and stopped at the pace of the policy. */
export function serviceDeployment(scope: Construct, props: ServiceDeploymentProps): Deployment {
  const { name, policy, selector, configMap } = props;
  const { pod, deployment: rollout } = kubernetes.render(policy);
  const minReadySeconds = numberOf(rollout, 'minReadySeconds');
  const deployment = new Deployment(scope, 'deployment', {
    metadata: { name },
    replicas: props.replicas,
    select: false,
    podMetadata: { labels: labelsOf(name), annotations: { 'checksum/config': checksumOf(configMap) } },
    strategy: DeploymentStrategy.rollingUpdate({
      maxUnavailable: PercentOrAbsolute.absolute(numberOf(rollout, 'maxUnavailable')),
      maxSurge: PercentOrAbsolute.absolute(numberOf(rollout, 'maxSurge')),
    }),
    minReady: Duration.seconds(minReadySeconds),
    // Kubernetes refuses a deadline that is not above minReadySeconds.
    progressDeadline: Duration.seconds(minReadySeconds + startSeconds),
    terminationGracePeriod: Duration.seconds(numberOf(pod, 'terminationGracePeriodSeconds')),
    automountServiceAccountToken: false,
    securityContext: { ensureNonRoot: true, user, group: user },
  });
  deployment.select(LabelSelector.of({ labels: { ...selector } }));
  deployment.addContainer(serviceContainer(scope, props, pod));
  patchManifest(deployment, spread(selector), ...sleepBeforeStop(numberOf(pod, 'preStopSleepSeconds')));
  return deployment;
}

function serviceContainer(scope: Construct, props: ServiceDeploymentProps, pod: Values): ContainerProps {
  const { redisSecret } = props;
  return {
    name: 'service',
    image: props.image,
    imagePullPolicy: ImagePullPolicy.IF_NOT_PRESENT,
    ports: [{ name: 'http', number: containerPort }],
    // A cast, because the library's declarations do not tell a missing property from an undefined one.
    envFrom: [Env.fromConfigMap(props.configMap as IConfigMap)],
    envVariables: {
      REDIS_URL: EnvValue.fromSecretValue({
        secret: Secret.fromSecretName(scope, 'redis', redisSecret.name),
        key: redisSecret.key,
      }),
    },
    resources: {
      // No limit: a throttled event loop holds back every stream of the replica, and most of all when all of them come
      // back at once. What is requested is guaranteed; what a node has to spare is better used than withheld.
      cpu: { request: Cpu.millis(props.cpuMillis) },
      memory: { request: Size.mebibytes(props.memoryMiB), limit: Size.mebibytes(props.memoryMiB) },
    },
    ...probes(pod),
    securityContext: {
      ensureNonRoot: true,
      user,
      group: user,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: [Capability.ALL] },
      seccompProfile: { type: SeccompProfileType.RUNTIME_DEFAULT },
    },
  };
}

/** Liveness never depends on Redis or load; readiness is false while the replica drains or hears nothing from Redis. */
function probes(pod: Values): Pick<ContainerProps, 'startup' | 'liveness' | 'readiness'> {
  const probe = (path: string, periodSeconds: number, failureThreshold: number): Probe =>
    Probe.fromHttpGet(path, {
      port: containerPort,
      periodSeconds: Duration.seconds(periodSeconds),
      failureThreshold,
    });
  const ready = numberOf(pod, 'readinessPeriodSeconds');
  const live = numberOf(pod, 'livenessPeriodSeconds');
  const liveFailures = numberOf(pod, 'livenessFailureThreshold');
  return {
    // As patient with a replica that starts as with one that runs, but asked as often as readiness: a rollout waits for it.
    startup: probe('/livez', ready, Math.ceil((live * liveFailures) / ready)),
    liveness: probe('/livez', live, liveFailures),
    readiness: probe('/readyz', ready, numberOf(pod, 'readinessFailureThreshold')),
  };
}

/** Keeps the pod serving until every router knows that it stops. Native since 1.30; an image needs no shell for it. */
function sleepBeforeStop(seconds: number): readonly JsonPatch[] {
  // Kubernetes before 1.34 refuses a sleep of zero.
  if (seconds === 0) return [];
  return [JsonPatch.add('/spec/template/spec/containers/0/lifecycle', { preStop: { sleep: { seconds } } })];
}

/**
 * Over zones and over nodes, as a wish: a replica that cannot be placed ideally is worth more than one that waits.
 * Counted per rollout (`pod-template-hash`), or the replicas on their way out would push the new ones together.
 */
function spread(matchLabels: SelectorLabels): JsonPatch {
  const constraints = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels },
    matchLabelKeys: ['pod-template-hash'],
  })) satisfies k8s.TopologySpreadConstraint[];
  return JsonPatch.add('/spec/template/spec/topologySpreadConstraints', constraints);
}
