import { z } from 'zod';
import { between, targetOf } from './parts.ts';
import { schema } from './schema.ts';

const crd = (plural: string): string =>
  `nginx/nginx-gateway-fabric:config/crd/bases/gateway.nginx.org_${plural}.yaml, v2.6.7`;

const time = z.string().regex(/^[0-9]{1,4}(ms|s|m|h)?$/);

export const nginxGatewayFabric = {
  ...schema(
    'gateway.nginx.org/v1alpha1',
    'ProxySettingsPolicy',
    crd('proxysettingspolicies'),
    z.strictObject({
      targetRefs: z
        .array(targetOf('gateway.networking.k8s.io', 'Gateway', 'HTTPRoute', 'GRPCRoute'))
        .min(1)
        .max(16),
      buffering: z.strictObject({ disable: z.boolean() }),
      timeout: z.strictObject({ connect: time.optional(), read: time.optional(), send: time.optional() }),
    }),
  ),
  ...schema(
    'gateway.nginx.org/v1alpha1',
    'UpstreamSettingsPolicy',
    crd('upstreamsettingspolicies'),
    z.strictObject({
      targetRefs: z.array(targetOf('', 'Service')).min(1).max(16),
      loadBalancingMethod: z.enum([
        'round_robin',
        'least_conn',
        'ip_hash',
        'hash',
        'hash consistent',
        'random',
        'random two',
        'random two least_conn',
      ]),
      keepAlive: z.strictObject({
        connections: z.int().min(0).optional(),
        requests: z.int().min(0).optional(),
        time: time.optional(),
        timeout: time.optional(),
      }),
    }),
  ),
  ...schema(
    'gateway.nginx.org/v1alpha2',
    'NginxProxy',
    crd('nginxproxies'),
    z.strictObject({
      workerConnections: between(1, 65_535),
      logging: z.strictObject({
        accessLog: z.strictObject({ format: z.string(), disable: z.boolean().optional() }),
      }),
      kubernetes: z.strictObject({
        deployment: z.strictObject({
          pod: z.strictObject({ terminationGracePeriodSeconds: z.int().min(0) }),
          container: z.strictObject({
            lifecycle: z.strictObject({
              preStop: z.strictObject({ sleep: z.strictObject({ seconds: z.int().min(0) }) }),
            }),
          }),
        }),
      }),
    }),
  ),
};
