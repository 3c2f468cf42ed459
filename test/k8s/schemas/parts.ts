import { z } from 'zod';

/** Shapes that the definitions of several vendors share, because they are of the Gateway API (GEP-2257, GEP-713). */

export const duration = z.string().regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);

const dnsGroup = z
  .string()
  .max(253)
  .regex(/^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** LocalPolicyTargetReference, for the kinds that a policy takes. */
export const targetOf = (group: string, ...kinds: readonly [string, ...string[]]) =>
  z.strictObject({ group: dnsGroup.and(z.literal(group)), kind: z.enum(kinds), name: z.string().min(1).max(253) });

export const between = (least: number, most: number) => z.int().min(least).max(most);
