import { contour } from './contour.ts';
import { envoyGateway } from './envoy-gateway.ts';
import { gatewayApi } from './gateway-api.ts';
import { gkeGateway } from './gke-gateway.ts';
import { istio } from './istio.ts';
import { kong } from './kong.ts';
import { nginxGatewayFabric } from './nginx-gateway-fabric.ts';
import type { Schema } from './schema.ts';
import { traefikSchemas } from './traefik.ts';

/** Of custom resources that no package has, or only an old one, by `apiVersion kind`. */
export const schemas: Readonly<Record<string, Schema>> = {
  ...traefikSchemas,
  ...gatewayApi,
  ...envoyGateway,
  ...nginxGatewayFabric,
  ...istio,
  ...gkeGateway,
  ...contour,
  ...kong,
};
