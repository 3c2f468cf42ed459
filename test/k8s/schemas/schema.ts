import { z } from 'zod';

/** A custom resource whose schema no package carries: the fields that the kit writes, as its definition has them. */
export interface Schema {
  /** Where the definition is: repository, path, version. */
  readonly source: string;
  readonly faultsIn: (manifest: unknown) => readonly string[];
}

const metadata = z.strictObject({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** Fields that are not in the shape are faults, as they are for a strict API server. */
export function schema(
  apiVersion: string,
  kind: string,
  source: string,
  spec: z.ZodType,
): Readonly<Record<string, Schema>> {
  const whole = z.strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal(kind), metadata, spec });
  return {
    [`${apiVersion} ${kind}`]: {
      source,
      faultsIn: (manifest) =>
        whole
          .safeParse(manifest)
          .error?.issues.map(({ path, message }) => `${[kind, ...path].join('.')}: ${message}`) ?? [],
    },
  };
}
