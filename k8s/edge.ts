import { ApiObject } from 'cdk8s';
import type { Service } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { EdgePlace } from '../lib/targets/edge/edge.ts';
import type { Manifest } from '../lib/targets/edge/manifest.ts';
import { edges } from '../lib/targets/index.ts';
import type { Release } from './release.ts';

/**
 * The streams' way in, as the target of the edge renders it. The Service gets the annotations that the edge reads there.
 *
 * @throws PolicyError when the edge cannot express the policy.
 */
export function streamEdge(scope: Construct, { policy, kubernetes }: Release, service: Service): readonly ApiObject[] {
  const { edge, name, host, namespace, tlsSecret, className, gateway } = kubernetes;
  const place: EdgePlace = { name, host, namespace, tlsSecret, className, gateway, port: service.port };
  const manifests = edges[edge].manifestsFor(policy, place);
  for (const { metadata } of manifests.filter(isService))
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) service.metadata.addAnnotation(key, value);
  return manifests.filter((manifest) => !isService(manifest)).map((manifest) => addObject(scope, manifest, name));
}

const isService = ({ kind }: Manifest): boolean => kind === 'Service';

/** Its kind is its name in the tree, with what its name has more than that of the others. */
const addObject = (scope: Construct, manifest: Manifest, name: string): ApiObject =>
  new ApiObject(scope, manifest.kind.toLowerCase() + manifest.metadata.name.slice(name.length), { ...manifest });
