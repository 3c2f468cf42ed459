/** What a Deployment, its Service and its budget select pods by. */
export type SelectorLabels = Readonly<Record<string, string>>;

/**
 * Fixed names, and not the label cdk8s derives from the construct path: a Deployment's selector cannot be changed, so a
 * renamed construct would make the next `kubectl apply` fail.
 */
export const selectorOf = (name: string): SelectorLabels => ({
  'app.kubernetes.io/name': 'sse-kit',
  'app.kubernetes.io/instance': name,
});

/** The recommended labels, for every object of the chart. */
export const labelsOf = (name: string): Record<string, string> => ({
  ...selectorOf(name),
  'app.kubernetes.io/component': 'service',
  'app.kubernetes.io/managed-by': 'sse-kit',
});
