import { ApiObject } from 'cdk8s';
import type { Service } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { EdgePlace } from '../lib/targets/edge/edge.ts';
import type { Manifest } from '../lib/targets/edge/manifest.ts';
import { edges } from '../lib/targets/index.ts';
import { portNameOf } from './deployment.ts';
import { containerPort } from './environment.ts';
import { selectorOf } from './labels.ts';
import type { Release } from './release.ts';

/**
 * The streams' way in, as the target of the edge renders it. The Service gets the annotations that the edge reads there.
 *
 * @throws PolicyError when the edge cannot express the policy.
 */
export function streamEdge(scope: Construct, release: Release, service: Service): readonly ApiObject[] {
  const { policy, kubernetes } = release;
  const { edge, name, host, namespace, tlsSecret, className, gateway } = kubernetes;
  const pods = { labels: selectorOf(release), port: containerPort, scheme: portNameOf(release) };
  const place: EdgePlace = { name, host, namespace, tlsSecret, className, gateway, pods, port: service.port };
  const manifests = edges[edge].manifestsFor(policy, place);
  const isService = ({ kind, metadata }: Manifest): boolean => kind === 'Service' && metadata.name === name;
  for (const { metadata } of manifests.filter(isService))
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) service.metadata.addAnnotation(key, value);
  return manifests.filter((manifest) => !isService(manifest)).map((manifest) => addObject(scope, manifest, name));
}

/** Its kind is its name in the tree, with what its name has more than that of the others. */
const addObject = (scope: Construct, manifest: Manifest, name: string): ApiObject =>
  new ApiObject(scope, manifest.kind.toLowerCase() + manifest.metadata.name.slice(name.length), { ...manifest });
