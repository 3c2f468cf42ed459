import { createHash } from 'node:crypto';
import { ConfigMap } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { policyToEnv } from '../lib/policy/index.ts';
import type { StreamChartProps } from './stream-chart.ts';

/** Where the service listens inside its pod; unprivileged, as its user is. */
export const containerPort = 8080;

/** The environment of the service as far as it is no secret. */
export function serviceEnvironment(
  scope: Construct,
  { name, policy, allowAnonymous }: Pick<StreamChartProps, 'name' | 'policy' | 'allowAnonymous'>,
): ConfigMap {
  return new ConfigMap(scope, 'environment', {
    metadata: { name },
    data: {
      HOST: '0.0.0.0',
      PORT: String(containerPort),
      ...policyToEnv(policy),
      ...(allowAnonymous && { ALLOW_ANONYMOUS: 'true' }),
    },
  });
}

/** Changes with the content. On the pod template it makes a changed policy a rolling update: pods read it at start only. */
export const checksumOf = (configMap: ConfigMap): string =>
  createHash('sha256').update(JSON.stringify(configMap.data)).digest('hex');
