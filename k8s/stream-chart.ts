import { Chart } from 'cdk8s';
import { type ConfigMap, type Deployment, type Ingress, k8s, Service } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { StreamPolicy } from '../lib/policy/index.ts';
import { kubernetes } from '../lib/targets/index.ts';
import { serviceDeployment } from './deployment.ts';
import { containerPort, serviceEnvironment } from './environment.ts';
import { type Edge, streamIngress } from './ingress.ts';
import { labelsOf, type SelectorLabels, selectorOf } from './labels.ts';
import { numberOf } from './rendered.ts';

export interface StreamChartProps {
  /** Decides every timer, count and annotation in the chart. */
  readonly policy: StreamPolicy;
  /** Name of every object, and the instance that selectors go by; changing it makes new objects beside the old ones. */
  readonly name: string;
  /** Namespace of every object. @default - the one kubectl is set to */
  readonly namespace?: string | undefined;
  /** Image of the service. A tag that is never moved makes a rollback mean something. */
  readonly image: string;
  /** Replicas that always run; with fewer than two, each update and each lost node interrupts everybody. */
  readonly replicas: number;
  /** CPU set aside for a replica, in thousandths of a core. It is a request, not a limit. */
  readonly cpuMillis: number;
  /** Memory set aside for a replica, and the most it may take: above it the kernel kills it with all its streams. */
  readonly memoryMiB: number;
  /** Host name the Ingress answers to. */
  readonly host: string;
  /** Secret with the certificate for `host`. @default - plain HTTP, where a browser has six streams for all its tabs */
  readonly tlsSecret?: string | undefined;
  /** Secret and key that hold REDIS_URL. The chart refers to it and never makes it: manifests are no place for passwords. */
  readonly redisSecret: { readonly name: string; readonly key: string };
  /** What stands in front of the service; decides the class and the annotations of the Ingress. */
  readonly edge: Edge;
  /** Everybody who reaches the service may subscribe and publish; without it the service wants its AUTH_MODE. */
  readonly allowAnonymous: boolean;
}

/** The service on Kubernetes, ready for streams. Go on from the public constructs for what is not covered here. */
export class StreamChart extends Chart {
  readonly configMap: ConfigMap;
  readonly deployment: Deployment;
  readonly service: Service;
  readonly ingress: Ingress;
  readonly disruptionBudget: k8s.KubePodDisruptionBudget;

  constructor(scope: Construct, id: string, props: StreamChartProps) {
    const { name, namespace } = props;
    super(scope, id, { labels: labelsOf(name), disableResourceNameHashes: true, ...(namespace && { namespace }) });
    const selector = selectorOf(name);

    this.configMap = serviceEnvironment(this, props);
    this.deployment = serviceDeployment(this, { ...props, selector, configMap: this.configMap });
    this.service = clusterService(this, name, selector);
    this.ingress = streamIngress(this, { ...props, service: this.service });
    this.disruptionBudget = disruptionBudget(this, props, selector);
  }
}

function clusterService(scope: Construct, name: string, selector: SelectorLabels): Service {
  const service = new Service(scope, 'service', {
    metadata: { name },
    ports: [{ name: 'http', port: 80, targetPort: containerPort }],
  });
  for (const [key, value] of Object.entries(selector)) service.selectLabel(key, value);
  return service;
}

function disruptionBudget(
  scope: Construct,
  { name, policy }: StreamChartProps,
  matchLabels: SelectorLabels,
): k8s.KubePodDisruptionBudget {
  const budget = kubernetes.render(policy).disruptionBudget;
  return new k8s.KubePodDisruptionBudget(scope, 'disruption-budget', {
    metadata: { name },
    spec: {
      selector: { matchLabels },
      maxUnavailable: k8s.IntOrString.fromNumber(numberOf(budget, 'maxUnavailable')),
      // While Redis is away no replica is ready, and a budget that counted ready ones would block every node upgrade.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}
