import type { EdgeConfig } from '../../../lib/targets/edge/edge.ts';

/** Somebody's Ingress with annotations of one controller, without their prefix. */
export const ingressOf = (prefix: string, annotations: Readonly<Record<string, string>>): EdgeConfig => ({
  manifests: [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'theirs',
        annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${prefix}${key}`, value])),
      },
    },
  ],
});
