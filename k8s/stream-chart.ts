import { ApiObject, Chart } from 'cdk8s';
import { type ConfigMap, type Deployment, type IServiceAccount, k8s, Service, ServiceAccount } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { parseConfig } from '../lib/config/load.ts';
import type { SectionInputs } from '../lib/config/schema.ts';
import type { StreamPolicy } from '../lib/policy/index.ts';
import { kubernetes as target } from '../lib/targets/index.ts';
import { autoscaler } from './autoscaling.ts';
import { portNameOf, serviceDeployment } from './deployment.ts';
import { streamEdge } from './edge.ts';
import { containerPort, plainEnvironment } from './environment.ts';
import { labelsOf, selectorOf } from './labels.ts';
import { monitoring } from './monitoring.ts';
import { namesOf } from './names.ts';
import { networkPolicy } from './network-policy.ts';
import { type Release, scales } from './release.ts';
import { numberOf } from './rendered.ts';
import { DevelopmentStore } from './store.ts';

/** The sections of sse-kit.config.json that a chart is made from, by the same keys and with the same defaults. */
export interface StreamChartProps {
  /** Decides every timer, count and annotation in the chart. @default - the default policy */
  readonly policy?: Partial<StreamPolicy>;
  /** Image, size and environment of the service. @default - that of the section */
  readonly service?: NonNullable<SectionInputs['service']>;
  /** Names, edge, store and whatever else is a matter of the cluster. @default - that of the section */
  readonly kubernetes?: NonNullable<SectionInputs['kubernetes']>;
}

/** The service on Kubernetes, ready for streams. Go on from the public constructs for what is not covered here. */
export class StreamChart extends Chart {
  readonly configMap: ConfigMap;
  readonly serviceAccount: IServiceAccount;
  readonly deployment: Deployment;
  readonly service: Service;
  /** Ingress, or Gateway and routes, and what else the edge wants. */
  readonly edge: readonly ApiObject[];
  readonly disruptionBudget: k8s.KubePodDisruptionBudget;
  /** Absent where `kubernetes.networkPolicies.enabled` is false. */
  readonly networkPolicy: ApiObject | undefined;
  /** HorizontalPodAutoscaler or ScaledObject; absent where the number of replicas is fixed. */
  readonly autoscaler: ApiObject | undefined;
  /** Absent where Redis is somebody else's, as it should be. */
  readonly store: DevelopmentStore | undefined;
  readonly monitoring: readonly ApiObject[];

  /** @throws PolicyError with everything that is wrong with the props at once. */
  constructor(scope: Construct, id: string, props: StreamChartProps = {}) {
    const release = releaseOf(id, props);
    const { kubernetes } = release;
    const { namespace } = kubernetes;
    super(scope, id, { labels: labelsOf(release), disableResourceNameHashes: true, ...(namespace && { namespace }) });

    this.configMap = plainEnvironment(this, release);
    this.serviceAccount = serviceAccount(this, release);
    const { configMap } = this;
    this.deployment = serviceDeployment(this, { release, configMap, serviceAccount: this.serviceAccount });
    this.service = clusterService(this, release);
    this.edge = streamEdge(this, release, this.service);
    this.disruptionBudget = disruptionBudget(this, release);
    this.networkPolicy = kubernetes.networkPolicies.enabled ? networkPolicy(this, release) : undefined;
    this.autoscaler = scales(release) ? autoscaler(this, release) : undefined;
    this.store = kubernetes.redis.bundled ? new DevelopmentStore(this, 'store', release) : undefined;
    this.monitoring = monitoring(this, release);
    this.annotate(kubernetes.annotations);
  }

  private annotate(annotations: Readonly<Record<string, string>>): void {
    const objects = this.node.findAll().filter((node) => ApiObject.isApiObject(node));
    for (const [key, value] of Object.entries(annotations))
      for (const { metadata } of objects) metadata.addAnnotation(key, value);
  }
}

/** The props with their defaults, judged as the configuration file is. */
function releaseOf(id: string, { policy = {}, service = {}, kubernetes = {} }: StreamChartProps): Release {
  const elsewhere = { aws: { enabled: false }, proxies: { use: [] } };
  return parseConfig(
    { policy, service, kubernetes: { ...kubernetes, enabled: true }, ...elsewhere },
    `StreamChart ${id}`,
  );
}

function serviceAccount(scope: Construct, release: Release): IServiceAccount {
  const { serviceAccount: account } = release.kubernetes;
  const { serviceAccount: name } = namesOf(release);
  if (!account.create) return ServiceAccount.fromServiceAccountName(scope, 'service-account', name);
  // A cast, as for the ConfigMap: the library's declarations do not tell a missing property from an undefined one.
  return new ServiceAccount(scope, 'service-account', {
    metadata: { name, annotations: account.annotations },
    automountToken: false,
  }) as IServiceAccount;
}

function clusterService(scope: Construct, release: Release): Service {
  const { name, serviceAnnotations } = release.kubernetes;
  const service = new Service(scope, 'service', {
    metadata: { name, annotations: serviceAnnotations },
    ports: [{ name: portNameOf(release), port: 80, targetPort: containerPort }],
  });
  for (const [key, value] of Object.entries(selectorOf(release))) service.selectLabel(key, value);
  return service;
}

function disruptionBudget(scope: Construct, release: Release): k8s.KubePodDisruptionBudget {
  const budget = target.render(release.policy).disruptionBudget;
  return new k8s.KubePodDisruptionBudget(scope, 'disruption-budget', {
    metadata: { name: release.kubernetes.name },
    spec: {
      selector: { matchLabels: selectorOf(release) },
      maxUnavailable: k8s.IntOrString.fromNumber(numberOf(budget, 'maxUnavailable')),
      // While Redis is away no replica is ready, and a budget that counted ready ones would block every node upgrade.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}
