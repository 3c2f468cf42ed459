import type { StreamChartProps } from '../../k8s/stream-chart.ts';

/** Every key of the workload that can be set, set to something that shows. */
export const everything = {
  service: {
    image: 'registry.test/sse@sha256:abc',
    replicas: { min: 3, max: 12 },
    auth: { key: 'JWKS_URL', jwksUrl: 'https://id.test:8443/keys', issuer: 'https://id.test', audience: 'live' },
    corsOrigins: ['https://app.test'],
    patterns: ['notifications'],
    workers: 2,
    cpu: 2048,
    memoryMiB: 4096,
    logLevel: 'warn',
    publishRatePerSecond: 50,
    env: { NODE_OPTIONS: '--max-http-header-size=16384' },
  },
  kubernetes: {
    name: 'live',
    namespace: 'streams',
    appName: 'events',
    labels: { 'example.com/team': 'live' },
    annotations: { 'example.com/owner': 'Team Live' },
    podLabels: { 'sidecar.istio.io/inject': 'false' },
    podAnnotations: { 'example.com/reload': 'true' },
    serviceAnnotations: { 'example.com/service': 'yes' },
    serviceAccount: { name: 'live-pods', annotations: { 'example.com/role': 'live' } },
    imagePullPolicy: 'Always',
    imagePullSecrets: ['registry'],
    env: { TRACE_KEY: { secret: { name: 'trace', key: 'key' } } },
    envFrom: [{ configMap: 'shared' }],
    podTlsSecret: 'pod-tls',
    redis: { secret: 'live-redis', usernameKey: 'user', passwordKey: 'password', caKey: 'ca.crt', ports: [6380] },
    volumes: [{ name: 'scratch', mountPath: '/tmp', readOnly: false, source: { emptyDir: { sizeLimit: '64Mi' } } }],
    nodeSelector: { 'kubernetes.io/arch': 'arm64' },
    tolerations: [{ key: 'streams', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['streams'] }] }],
        },
      },
    },
    priorityClassName: 'streams',
    spread: 'require',
    preStop: 'exec',
    autoscaling: 'keda',
    networkPolicies: {
      from: [{ namespaceSelector: { matchLabels: { team: 'edge' } } }],
      monitoringNamespace: 'observability',
      egress: [{ ports: [{ protocol: 'TCP', port: 4318 }] }],
    },
    monitoring: {
      podMonitor: true,
      rules: true,
      dashboard: true,
      labels: { release: 'prometheus' },
      prometheus: 'http://prometheus.observability:9090',
    },
  },
} satisfies StreamChartProps;

/** The same with what excludes some of it: a store of its own, and the autoscaler of Kubernetes itself. */
export const everythingBundled = {
  ...everything,
  kubernetes: {
    ...everything.kubernetes,
    autoscaling: 'hpa',
    redis: { bundled: true, secret: 'live-redis', passwordKey: 'password' },
  },
} satisfies StreamChartProps;
