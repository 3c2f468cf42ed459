import type { Release } from './release.ts';

/** Names of what does not simply bear the name of the release. */
export const namesOf = ({ kubernetes: { name, serviceAccount } }: Release) => ({
  store: `${name}-valkey`,
  dashboard: `${name}-dashboard`,
  serviceAccount: serviceAccount.name ?? name,
});
