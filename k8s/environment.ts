import { createHash } from 'node:crypto';
import { ConfigMap, EnvFieldPaths, EnvValue, Secret } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { serviceEnvironment, servicePort } from '../lib/targets/service-environment.ts';
import { caFile, tlsFiles } from './files.ts';
import type { Release } from './release.ts';
import { storeUrl } from './store.ts';

/** Where the service listens inside its pod. */
export const containerPort = servicePort;

/** The environment of the service as far as it is no secret. */
export function plainEnvironment(scope: Construct, release: Release): ConfigMap {
  const { policy, service, kubernetes } = release;
  return new ConfigMap(scope, 'environment', {
    metadata: { name: kubernetes.name },
    data: {
      ...serviceEnvironment(policy, service).plain,
      ...(kubernetes.podTlsSecret && { TLS_CERT_FILE: tlsFiles.cert, TLS_KEY_FILE: tlsFiles.key }),
      ...(kubernetes.redis.caKey && { REDIS_TLS_CA_FILE: caFile }),
      ...(kubernetes.redis.bundled && { REDIS_URL: storeUrl(release) }),
    },
  });
}

/** Changes with the content. On the pod template it makes a changed policy a rolling update: pods read it at start only. */
export const checksumOf = (configMap: ConfigMap): string =>
  createHash('sha256').update(JSON.stringify(configMap.data)).digest('hex');

/** The variables whose values stand in Secrets, and what only the pod knows of itself. */
export function referredEnvironment(scope: Construct, release: Release): Record<string, EnvValue> {
  const { policy, service, kubernetes } = release;
  const { redis, authSecret } = kubernetes;
  const secrets = new Construct(scope, 'secrets');
  const from = (variable: string, name: string, key: string | undefined): Record<string, EnvValue> =>
    key === undefined
      ? {}
      : { [variable]: EnvValue.fromSecretValue({ secret: Secret.fromSecretName(secrets, variable, name), key }) };
  return {
    ...(!redis.bundled && from('REDIS_URL', redis.secret, redis.urlKey)),
    ...from('REDIS_USERNAME', redis.secret, redis.usernameKey),
    ...from('REDIS_PASSWORD', redis.secret, redis.passwordKey),
    ...Object.assign(
      {},
      ...serviceEnvironment(policy, service).secrets.map((name) => from(name, authSecret.name, authSecret.key ?? name)),
    ),
    // in stream ids, statistics and logs
    REPLICA: EnvValue.fromFieldRef(EnvFieldPaths.POD_NAME),
  };
}

/** A variable of one's own, as the API has it. */
export const ownVariables = ({ kubernetes: { env } }: Release): readonly object[] =>
  Object.entries(env).map(([name, source]) => {
    if ('secret' in source) return { name, valueFrom: { secretKeyRef: source.secret } };
    if ('configMap' in source) return { name, valueFrom: { configMapKeyRef: source.configMap } };
    return { name, valueFrom: { fieldRef: { fieldPath: source.field } } };
  });

/** Whole Secrets and ConfigMaps, before the kit's own ConfigMap, which has the last word. */
export const ownSources = ({ kubernetes: { envFrom } }: Release): readonly object[] =>
  envFrom.map((source) =>
    'secret' in source ? { secretRef: { name: source.secret } } : { configMapRef: { name: source.configMap } },
  );
