import type { Schema } from './schema.ts';
import { traefikSchemas } from './traefik.ts';

/** Of custom resources that no package has, by `apiVersion kind`. */
export const schemas: Readonly<Record<string, Schema>> = { ...traefikSchemas };
