import { z } from 'zod';
import { annotations, dns, label, labels } from './names.ts';
import { redis } from './redis.ts';

/** As the API of Kubernetes spells it; handed on as it is. */
const asInApi = () => z.record(z.string(), z.unknown());

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'the name of a variable');
const keyOf = (kind: string) => z.strictObject({ name: dns(`the name of a ${kind}`), key: z.string().min(1) });

/** Where a variable of one's own comes from. Plain values stand in service.env. */
const source = z.union(
  [
    z.strictObject({ secret: keyOf('Secret') }),
    z.strictObject({ configMap: keyOf('ConfigMap') }),
    z.strictObject({ field: z.string().min(1) }),
  ],
  'one of { "secret": { "name", "key" } }, { "configMap": { "name", "key" } } or { "field": "metadata.name" }',
);

const volume = z.strictObject({
  name: label().describe('name of the volume'),
  mountPath: z
    .string()
    .regex(/^\/[^:]*$/, 'an absolute path')
    .describe('where the container finds it'),
  readOnly: z.boolean().default(true).describe('nobody writes to it'),
  source: asInApi().describe('what it is, as in the API: { "configMap": { "name": "x" } }'),
});

const serviceAccount = z.strictObject({
  create: z.boolean().default(true).describe('make one; it has no token, for the service never talks to the cluster'),
  name: dns('the name of a ServiceAccount').optional().describe('its name; absent: the name of the resources'),
  annotations: annotations().describe('annotations of the one that is made'),
});

const networkPolicies = z.strictObject({
  enabled: z.boolean().default(true).describe('nothing reaches the pods, and they reach nothing, but what is listed'),
  from: z
    .array(asInApi())
    .min(1)
    .optional()
    .describe('where the edge runs, as peers of a NetworkPolicy; absent: where the edge is installed by default'),
  monitoringNamespace: label().default('monitoring').describe('namespace that may read /metrics'),
  egress: z.array(asInApi()).default([]).describe('further egress rules of the pods, as in the API'),
});

const monitoring = z.strictObject({
  podMonitor: z.boolean().default(false).describe('a PodMonitor of the Prometheus operator'),
  rules: z.boolean().default(false).describe('the alerts as a PrometheusRule of the Prometheus operator'),
  dashboard: z.boolean().default(false).describe('the dashboard as a ConfigMap that Grafana finds by its label'),
  labels: labels().describe('labels that the operator selects by, such as release: kube-prometheus-stack'),
  prometheus: z
    .url({ protocol: /^https?$/, error: 'a URL that begins with http:// or https://' })
    .default('http://prometheus-operated.monitoring.svc:9090')
    .describe('where KEDA asks for sse_streams_active'),
});

/** The workload and what belongs to it, whatever stands in front. */
export const workload = {
  appName: label().default('sse-kit').describe('app.kubernetes.io/name of all objects; selectors go by it'),
  labels: labels().describe('further labels of every object, pods included'),
  annotations: annotations().describe('annotations of every object, pods excluded'),
  podLabels: labels().describe('further labels of the pods'),
  podAnnotations: annotations().describe('annotations of the pods'),
  serviceAnnotations: annotations().describe('annotations of the Service'),
  serviceAccount: serviceAccount.prefault({}).describe('what the pods are to the cluster'),
  imagePullPolicy: z
    .literal(['Always', 'IfNotPresent', 'Never'])
    .default('IfNotPresent')
    .describe('when the image is pulled'),
  imagePullSecrets: z.array(dns('the name of a Secret')).default([]).describe('Secrets to pull the image with'),
  env: z.record(variable, source).default({}).describe('further variables out of a Secret, a ConfigMap or a field'),
  envFrom: z
    .array(
      z.union(
        [
          z.strictObject({ secret: dns('the name of a Secret') }),
          z.strictObject({ configMap: dns('the name of a ConfigMap') }),
        ],
        'one of { "secret": "name" } or { "configMap": "name" }',
      ),
    )
    .default([])
    .describe('Secrets and ConfigMaps whose every key becomes a variable'),
  authSecret: z
    .strictObject({
      name: dns('the name of a Secret').default('sse-kit-auth').describe('name of the Secret'),
      key: z.string().min(1).optional().describe('its key; absent: the name of the variable, JWT_SECRET say'),
    })
    .prefault({})
    .describe('Secret with the key of service.auth.key'),
  podTlsSecret: dns('the name of a Secret')
    .optional()
    .describe(
      'Secret of type kubernetes.io/tls: the pods themselves speak TLS, and the edge is to be told so; absent: the edge ends it',
    ),
  redis: redis.prefault({}).describe('the event store'),
  volumes: z.array(volume).default([]).describe('further volumes of the pods'),
  nodeSelector: labels().describe('labels of the nodes that pods may run on'),
  tolerations: z.array(asInApi()).default([]).describe('taints that pods put up with, as in the API'),
  affinity: asInApi().optional().describe('affinity of the pods, as in the API'),
  priorityClassName: dns('the name of a PriorityClass').optional().describe('PriorityClass of the pods'),
  spread: z
    .literal(['prefer', 'require', 'none'])
    .default('prefer')
    .describe('over zones and nodes: as a wish, as a condition that leaves pods pending, or not at all'),
  preStop: z
    .literal(['sleep', 'exec'])
    .default('sleep')
    .describe("how a stopping pod waits: natively (Kubernetes 1.30 and later), or by the image's own sleep"),
  autoscaling: z
    .literal(['hpa', 'keda', 'none'])
    .default('hpa')
    .describe(
      'between service.replicas.min and max by open streams: an HPA (needs sse_streams_active in the custom metrics API), a KEDA ScaledObject, or a fixed number',
    ),
  networkPolicies: networkPolicies.prefault({}).describe('who talks to the pods, and to whom they talk'),
  monitoring: monitoring.prefault({}).describe('what Prometheus and Grafana are given; needs their CRDs'),
};
