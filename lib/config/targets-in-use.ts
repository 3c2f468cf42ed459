import {
  type AnyTarget,
  alb,
  apache,
  caddy,
  cloudflare,
  cloudfront,
  ecs,
  edges,
  elasticache,
  envoy,
  haproxy,
  kubernetes,
  nginx,
  service,
  traefik,
  varnish,
} from '../targets/index.ts';
import type { Sections } from './schema.ts';

/** The targets a configuration is meant for: their limits bind it, and their hops are what `sse-kit check` judges. */
export function targetsInUse(sections: Pick<Sections, 'aws' | 'kubernetes' | 'proxies'>): readonly AnyTarget[] {
  return [
    ...sections.proxies.use.map((proxy) => byProxy[proxy]),
    ...(sections.aws.enabled
      ? [...(sections.aws.edge === 'cloudfront' ? [cloudfront] : []), alb, ecs, elasticache]
      : []),
    ...(sections.kubernetes.enabled ? [edges[sections.kubernetes.edge], kubernetes] : []),
    service,
  ];
}

const byProxy = { nginx, haproxy, caddy, apache, envoy, varnish, traefik, cloudflare } satisfies Record<
  Sections['proxies']['use'][number],
  AnyTarget
>;
