import { z } from 'zod';

/** Proxies whose files `sse-kit render` writes. */
export const proxies = ['nginx', 'haproxy', 'caddy', 'apache', 'envoy', 'varnish', 'traefik', 'cloudflare'] as const;

/** Proxy files to copy. */
export const proxyFiles = z.strictObject({
  use: z
    .array(z.literal(proxies))
    .default(['nginx'])
    .describe('proxies whose limits are judged and whose files are rendered'),
});
