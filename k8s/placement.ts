import { selectorOf } from './labels.ts';
import type { Release } from './release.ts';

const whenUnsatisfiable = { prefer: 'ScheduleAnyway', require: 'DoNotSchedule' } as const;

/** What the scheduler is told about the pods: fields of a pod's spec that have something to say, as in the API. */
export function placement(release: Release): readonly (readonly [field: string, value: unknown])[] {
  const { nodeSelector, tolerations, affinity, priorityClassName, imagePullSecrets } = release.kubernetes;
  const fields = {
    topologySpreadConstraints: spread(release),
    nodeSelector,
    tolerations,
    affinity,
    priorityClassName,
    imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
  };
  return Object.entries(fields).filter(([, value]) => value !== undefined && !isEmpty(value));
}

const isEmpty = (value: object | string): boolean => typeof value === 'object' && Object.keys(value).length === 0;

/**
 * Over zones and over nodes. As a wish by default: a replica that cannot be placed ideally is worth more than one that
 * waits. Counted per rollout (`pod-template-hash`), or the replicas on their way out would push the new ones together.
 */
function spread(release: Release): readonly object[] {
  const { spread: how } = release.kubernetes;
  if (how === 'none') return [];
  return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: whenUnsatisfiable[how],
    labelSelector: { matchLabels: selectorOf(release) },
    matchLabelKeys: ['pod-template-hash'],
  }));
}
