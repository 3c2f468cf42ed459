import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  Capability,
  type ConfigMap,
  ConnectionScheme,
  type ContainerProps,
  Cpu,
  Deployment,
  DeploymentStrategy,
  Env,
  type IConfigMap,
  ImagePullPolicy,
  type IServiceAccount,
  LabelSelector,
  PercentOrAbsolute,
  Probe,
  SeccompProfileType,
} from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { kubernetes as target } from '../lib/targets/index.ts';
import type { Values } from '../lib/targets/settings.ts';
import { checksumOf, containerPort, ownSources, ownVariables, referredEnvironment } from './environment.ts';
import { podFiles } from './files.ts';
import { labelsOf, selectorOf } from './labels.ts';
import { placement } from './placement.ts';
import { type Release, scales } from './release.ts';
import { numberOf, patchManifest } from './rendered.ts';

export interface ServiceDeploymentProps {
  readonly release: Release;
  readonly configMap: ConfigMap;
  readonly serviceAccount: IServiceAccount;
}

/** The user of the image, as service/Dockerfile sets it. Only a number lets the kubelet see that it is not root. */
const user = 1000;

/** How long pulling an image and starting may take before a rollout counts as stuck; the default of Kubernetes. */
const startSeconds = 600;

const podSpec = '/spec/template/spec';
const container = `${podSpec}/containers/0`;

/** Replicas of the service, replaced and stopped at the pace of the policy. */
export function serviceDeployment(scope: Construct, props: ServiceDeploymentProps): Deployment {
  const { release, configMap, serviceAccount } = props;
  const { policy, service, kubernetes } = release;
  const { pod, deployment: rollout } = target.render(policy);
  const minReadySeconds = numberOf(rollout, 'minReadySeconds');
  const deployment = new Deployment(scope, 'deployment', {
    metadata: { name: kubernetes.name },
    replicas: service.replicas.min,
    select: false,
    podMetadata: {
      labels: { ...kubernetes.podLabels, ...labelsOf(release) },
      annotations: { ...kubernetes.podAnnotations, 'checksum/config': checksumOf(configMap) },
    },
    strategy: DeploymentStrategy.rollingUpdate({
      maxUnavailable: PercentOrAbsolute.absolute(numberOf(rollout, 'maxUnavailable')),
      maxSurge: PercentOrAbsolute.absolute(numberOf(rollout, 'maxSurge')),
    }),
    minReady: Duration.seconds(minReadySeconds),
    // Kubernetes refuses a deadline that is not above minReadySeconds.
    progressDeadline: Duration.seconds(minReadySeconds + startSeconds),
    terminationGracePeriod: Duration.seconds(numberOf(pod, 'terminationGracePeriodSeconds')),
    serviceAccount,
    automountServiceAccountToken: false,
    securityContext: { ensureNonRoot: true, user, group: user },
  });
  deployment.select(LabelSelector.of({ labels: { ...selectorOf(release) } }));
  deployment.addContainer(serviceContainer(scope, props, pod));
  patchManifest(
    deployment,
    ...placement(release).map(([field, value]) => JsonPatch.add(`${podSpec}/${field}`, value)),
    ...waitBeforeStop(release, numberOf(pod, 'preStopSleepSeconds')),
    ...ownSources(release).map((source) => JsonPatch.add(`${container}/envFrom/0`, source)),
    ...ownVariables(release).map((variable) => JsonPatch.add(`${container}/env/-`, variable)),
    ...files(release),
    // a number here would undo, with each apply, what the autoscaler has found
    ...(scales(release) ? [JsonPatch.remove('/spec/replicas')] : []),
  );
  return deployment;
}

function serviceContainer(
  scope: Construct,
  { release, configMap }: ServiceDeploymentProps,
  pod: Values,
): ContainerProps {
  const { service, kubernetes } = release;
  return {
    name: 'service',
    image: service.image ?? 'sse-kit-service:latest',
    imagePullPolicy: ImagePullPolicy[pullPolicies[kubernetes.imagePullPolicy]],
    ports: [{ name: portNameOf(release), number: containerPort }],
    // A cast, because the library's declarations do not tell a missing property from an undefined one.
    envFrom: [Env.fromConfigMap(configMap as IConfigMap)],
    envVariables: referredEnvironment(scope, release),
    resources: {
      // No limit: a throttled event loop holds back every stream of the replica, and most of all when all of them come
      // back at once. What is requested is guaranteed; what a node has to spare is better used than withheld.
      // The configuration counts as Fargate does: 1024 units are one core.
      cpu: { request: Cpu.millis(Math.round((service.cpu * 1000) / 1024)) },
      memory: { request: Size.mebibytes(service.memoryMiB), limit: Size.mebibytes(service.memoryMiB) },
    },
    ...probes(pod, kubernetes.podTlsSecret ? ConnectionScheme.HTTPS : ConnectionScheme.HTTP),
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

const pullPolicies = { Always: 'ALWAYS', IfNotPresent: 'IF_NOT_PRESENT', Never: 'NEVER' } as const;

/** What the pods speak; several edges go by the name of the port. */
export const portNameOf = ({ kubernetes: { podTlsSecret } }: Release): 'http' | 'https' =>
  podTlsSecret ? 'https' : 'http';

/** Liveness never depends on Redis or load; readiness is false while the replica drains or hears nothing from Redis. */
function probes(pod: Values, scheme: ConnectionScheme): Pick<ContainerProps, 'startup' | 'liveness' | 'readiness'> {
  const probe = (path: string, periodSeconds: number, failureThreshold: number): Probe =>
    Probe.fromHttpGet(path, {
      port: containerPort,
      scheme,
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

/** Keeps the pod serving until every router knows that it stops. Native since 1.30; before, the image has to bring a sleep. */
function waitBeforeStop({ kubernetes: { preStop } }: Release, seconds: number): readonly JsonPatch[] {
  // Kubernetes before 1.34 refuses a sleep of zero.
  if (seconds === 0) return [];
  const wait = preStop === 'sleep' ? { sleep: { seconds } } : { exec: { command: ['sleep', String(seconds)] } };
  return [JsonPatch.add(`${container}/lifecycle`, { preStop: wait })];
}

function files(release: Release): readonly JsonPatch[] {
  const { volumes, mounts } = podFiles(release);
  if (volumes.length === 0) return [];
  return [JsonPatch.add(`${podSpec}/volumes`, volumes), JsonPatch.add(`${container}/volumeMounts`, mounts)];
}
