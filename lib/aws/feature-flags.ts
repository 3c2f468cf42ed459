import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

/**
 * The CDK feature flags the constructs are written and tested for: what aws-cdk-lib recommends, and one decision of our
 * own. cdk.json carries the same record for the CLI, because JSON can neither import nor explain; a test compares them.
 */
export const featureFlags: Readonly<Record<string, unknown>> = {
  ...recommended,
  // CloudFormation then refuses to delete a network or a store that a running service still uses. The recommended
  // "weak" looks values up at deployment and lets them go.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};
