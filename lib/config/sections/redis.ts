import { z } from 'zod';
import { dns } from './names.ts';

const quantity = /^\d+(\.\d+)?(Ki|Mi|Gi|Ti)$/;

/** The event store, from the point of view of the pods. */
export const redis = z.strictObject({
  secret: dns('the name of a Secret').default('sse-kit-redis').describe('Secret that holds what is needed to connect'),
  urlKey: z.string().min(1).default('url').describe('its key with REDIS_URL'),
  usernameKey: z.string().min(1).optional().describe('its key with REDIS_USERNAME, where the URL has none'),
  passwordKey: z.string().min(1).optional().describe('its key with REDIS_PASSWORD, where the URL has none'),
  caKey: z
    .string()
    .min(1)
    .optional()
    .describe('its key with the certificate authority of a rediss URL, as PEM (REDIS_TLS_CA_FILE)'),
  ports: z
    .array(z.int().min(1).max(65_535))
    .min(1)
    .default([6379, 6380])
    .describe('ports that pods may connect to; sentinels listen on 26379'),
  bundled: z
    .boolean()
    .default(false)
    .describe(
      'for development: a single Valkey in the chart; while it restarts, nothing is published and no stream opened',
    ),
  storage: z.string().regex(quantity, 'an amount such as 1Gi').default('1Gi').describe('disk of the bundled Valkey'),
  memoryMiB: z.int().min(64).max(1_048_576).default(512).describe('what the bundled Valkey may keep, in MiB'),
  image: z.string().min(1).default('valkey/valkey:8.1-bookworm').describe('image of the bundled Valkey'),
});
