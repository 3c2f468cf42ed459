import { alb } from './alb.ts';
import { apache } from './apache.ts';
import { awsLoadBalancerController } from './aws-load-balancer-controller.ts';
import { caddy } from './caddy.ts';
import { cloudflare } from './cloudflare.ts';
import { cloudfront } from './cloudfront.ts';
import { contour } from './contour.ts';
import { ecs } from './ecs.ts';
import type { Edge } from './edge/edge.ts';
import { elasticache } from './elasticache.ts';
import { envoy } from './envoy.ts';
import { envoyGateway } from './envoy-gateway.ts';
import { gkeGateway } from './gke-gateway.ts';
import { haproxy } from './haproxy.ts';
import { haproxyIngress } from './haproxy-ingress.ts';
import { ingressNginx } from './ingress-nginx.ts';
import { istio } from './istio.ts';
import { kong } from './kong.ts';
import { kubernetes } from './kubernetes.ts';
import { nginx } from './nginx.ts';
import { nginxGatewayFabric } from './nginx-gateway-fabric.ts';
import { nginxIngress } from './nginx-ingress.ts';
import { service } from './service.ts';
import type { AnyTarget } from './target.ts';
import { traefik } from './traefik.ts';
import { traefikIngress } from './traefik-ingress.ts';
import { varnish } from './varnish.ts';

export { readBalancer, readTargetGroup } from './alb.ts';
export { readApiGatewayMethod } from './api-gateway.ts';
export { cloudFrontValues, leadsToService } from './cloudfront.ts';
export {
  familyOf,
  fullShare,
  historyBytes,
  nodeMemory,
  nodeTypeFor,
  reservedShare,
  type StoreGroup,
  storeFaults,
  storeRights,
  type Traffic,
} from './elasticache.ts';
export { isFreeText, kindOfProtocol } from './elb/attributes.ts';
export { readNlbListener } from './nlb.ts';
export { readServiceConnect } from './service-connect.ts';
export type { Values } from './settings.ts';
export type { AnyTarget, Coverage, Files, Target } from './target.ts';
export type { VendorCheck } from './vendor/check.ts';
export { vendorChecks } from './vendor/checks.ts';
export {
  alb,
  apache,
  caddy,
  cloudflare,
  cloudfront,
  ecs,
  elasticache,
  envoy,
  haproxy,
  ingressNginx,
  kubernetes,
  nginx,
  service,
  traefik,
  varnish,
};

/** Ways into a cluster, by what `kubernetes.edge` calls them. */
export const edges = {
  'ingress-nginx': ingressNginx,
  traefik: traefikIngress,
  'aws-load-balancer-controller': awsLoadBalancerController,
  'nginx-ingress': nginxIngress,
  'haproxy-ingress': haproxyIngress,
  'envoy-gateway': envoyGateway,
  'nginx-gateway-fabric': nginxGatewayFabric,
  istio,
  'gke-gateway': gkeGateway,
  contour,
  kong,
} as const satisfies Record<string, Edge>;

export type EdgeId = keyof typeof edges;

/** Everything the kit can render, in the order of the path from client to store. */
export const targets: readonly AnyTarget[] = [
  nginx,
  haproxy,
  caddy,
  apache,
  envoy,
  varnish,
  traefik,
  cloudflare,
  cloudfront,
  alb,
  ...Object.values(edges),
  ecs,
  kubernetes,
  service,
  elasticache,
];
