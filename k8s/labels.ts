import type { Release } from './release.ts';

/** What a Deployment, its Service and its budget select pods by. */
export type SelectorLabels = Readonly<Record<string, string>>;

/**
 * Fixed names, and not the label cdk8s derives from the construct path: a Deployment's selector cannot be changed, so a
 * renamed construct would make the next `kubectl apply` fail.
 */
export const selectorOf = ({ kubernetes: { name, appName } }: Release): SelectorLabels => ({
  'app.kubernetes.io/name': appName,
  'app.kubernetes.io/instance': name,
});

/** The bundled store's own; beside those of the service in the same release. */
export const storeSelectorOf = ({ kubernetes: { name } }: Release): SelectorLabels => ({
  'app.kubernetes.io/name': 'valkey',
  'app.kubernetes.io/instance': name,
});

/** The recommended labels, and those of the configuration, for every object of the chart. */
export const labelsOf = (release: Release): Record<string, string> => ({
  ...release.kubernetes.labels,
  ...selectorOf(release),
  'app.kubernetes.io/component': 'service',
  'app.kubernetes.io/managed-by': 'sse-kit',
});

/** The same for what belongs to the bundled store. */
export const storeLabelsOf = (release: Release): Record<string, string> => ({
  ...labelsOf(release),
  ...storeSelectorOf(release),
  'app.kubernetes.io/component': 'store',
});
