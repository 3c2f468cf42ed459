import { ecsChecks } from '../ecs/checks.ts';
import { parameterChecks } from '../elasticache/parameters.ts';
import { elbChecks } from '../elb/checks.ts';
import type { VendorCheck } from './check.ts';

/** What vendors refuse whatever the policy says, by the resource it is about. */
export const vendorChecks: readonly VendorCheck[] = [...elbChecks, ...ecsChecks, ...parameterChecks];
