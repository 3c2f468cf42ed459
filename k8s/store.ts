import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { elasticache } from '../lib/targets/index.ts';
import { selectorOf, storeLabelsOf, storeSelectorOf } from './labels.ts';
import { namesOf } from './names.ts';
import type { Release } from './release.ts';

const port = 6379;

/** The account of the image (github.com/valkey-io/valkey-container: groupadd -r -g 999 valkey). */
const user = 999;

export const storeUrl = (release: Release): string => `redis://${namesOf(release).store}:${port}`;

/** What whoever synthesizes or reads the objects is told. */
export const storeWarning =
  'kubernetes.redis.bundled (true) is for development: one Valkey, so that its restart interrupts publishing for everybody, and a lost disk loses the history; set it to false and name a Secret with the URL of a store that fails over';

/**
 * A single Valkey for development: keeps its history over a restart, lets nobody in but the service, and has nobody to
 * take over from it.
 */
export class DevelopmentStore extends Construct {
  constructor(scope: Construct, id: string, release: Release) {
    super(scope, id);
    const { store: name } = namesOf(release);
    const metadata = {
      name,
      labels: storeLabelsOf(release),
      annotations: { 'sse-kit/development-only': storeWarning },
    };
    const selector = storeSelectorOf(release);
    const manifests = {
      configuration: { apiVersion: 'v1', kind: 'ConfigMap', data: { 'valkey.conf': configuration(release) } },
      service: {
        apiVersion: 'v1',
        kind: 'Service',
        spec: { selector, ports: [{ name: 'redis', port, targetPort: port }] },
      },
      set: { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: statefulSet(release) },
      'network-policy': {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        spec: {
          podSelector: { matchLabels: selector },
          policyTypes: ['Ingress', 'Egress'],
          ingress: [
            { from: [{ podSelector: { matchLabels: selectorOf(release) } }], ports: [{ protocol: 'TCP', port }] },
          ],
        },
      },
    };
    for (const [part, manifest] of Object.entries(manifests)) new ApiObject(this, part, { ...manifest, metadata });
    process.emitWarning(storeWarning, { code: 'SSE_KIT_DEVELOPMENT_STORE' });
  }
}

/** The same store as on AWS, by the names of its own configuration file. */
function configuration({ policy, kubernetes: { redis } }: Release): string {
  const { parameters } = elasticache.render(policy);
  const limit = ['hard-limit', 'soft-limit', 'soft-seconds'].map(
    (name) => parameters[`client-output-buffer-limit-pubsub-${name}`],
  );
  return `# Rendered from the stream policy; change the policy, not the numbers here.

# a restart keeps the history, but for its last second; snapshots would lose minutes
appendonly yes
save ""
dir /data
# a full store refuses publishes, loudly; an evicting one loses history in silence
maxmemory ${redis.memoryMiB}mb
maxmemory-policy ${parameters['maxmemory-policy']}
# a replica this far behind is cut off and resumes from the log (maxEventBytes)
client-output-buffer-limit pubsub ${limit.join(' ')}
# who gets here is a matter of the NetworkPolicy, and of the password where there is one
protected-mode no
`;
}

function statefulSet(release: Release): object {
  const { store: name } = namesOf(release);
  const { redis, imagePullPolicy, imagePullSecrets, nodeSelector, tolerations } = release.kubernetes;
  return {
    serviceName: name,
    replicas: 1,
    selector: { matchLabels: storeSelectorOf(release) },
    template: {
      metadata: { labels: storeLabelsOf(release) },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user },
        ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })) }),
        nodeSelector,
        tolerations,
        containers: [
          {
            name: 'valkey',
            image: redis.image,
            imagePullPolicy,
            ...login(release),
            ports: [{ name: 'redis', containerPort: port }],
            resources: {
              requests: { cpu: '100m', memory: `${redis.memoryMiB}Mi` },
              // twice what it keeps: rewriting the log copies what changes meanwhile
              limits: { memory: `${2 * redis.memoryMiB}Mi` },
            },
            startupProbe: { exec: ping, periodSeconds: 5, failureThreshold: 24 },
            readinessProbe: { exec: ping, periodSeconds: 5, timeoutSeconds: 3 },
            livenessProbe: { exec: ping, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
            volumeMounts: [
              { name: 'data', mountPath: '/data' },
              { name: 'configuration', mountPath: '/etc/valkey', readOnly: true },
            ],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
              seccompProfile: { type: 'RuntimeDefault' },
            },
          },
        ],
        volumes: [{ name: 'configuration', configMap: { name } }],
      },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: redis.storage } } },
      },
    ],
  };
}

/** -e: an error reply, such as one while the log is loaded, is no life. */
const ping = { command: ['valkey-cli', '-e', 'ping'] };

/** With the password of the Secret that the service has it from, or without any. */
function login({ kubernetes: { redis } }: Release): object {
  const command = ['valkey-server', '/etc/valkey/valkey.conf'];
  if (redis.passwordKey === undefined) return { command };
  const valueFrom = { secretKeyRef: { name: redis.secret, key: redis.passwordKey } };
  return {
    command: [...command, '--requirepass', '$(REDISCLI_AUTH)'],
    // the name under which valkey-cli looks for it, too
    env: [{ name: 'REDISCLI_AUTH', valueFrom }],
  };
}
