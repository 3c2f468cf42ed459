import { z } from 'zod';

/** CPU units that Fargate offers (1024 is one core), each with its own range of memory. */
export const fargateCpu = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;

/** What `PATTERNS` of the service may name. */
export const patterns = ['notifications', 'dashboard', 'tokens'] as const;

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

function isKeySet(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && ['https:', 'http:'].includes(url.protocol) && url.username === '' && url.password === '';
}

/** The keys of an issuer, and what is checked of its tokens. */
const auth = z.strictObject({
  mode: z
    .literal(['none', 'jwt'])
    .optional()
    .describe('AUTH_MODE: jwt wants a token of everybody; absent: jwt, or none where allowAnonymous is true'),
  key: z
    .literal(['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWKS_URL'])
    .default('JWT_SECRET')
    .describe('what tokens are verified with: a secret or a public key, both out of a store of secrets, or jwksUrl'),
  jwksUrl: z
    .string()
    .refine(isKeySet, 'a URL that begins with https:// or http://, without a user or password')
    .optional()
    .describe('JWKS_URL: where the issuer publishes its keys; goes with the key JWKS_URL'),
  issuer: z.string().min(1).optional().describe('JWT_ISSUER: checked when set'),
  audience: z.string().min(1).optional().describe('JWT_AUDIENCE: checked when set'),
});

/** The service and how it is sized, wherever it runs. */
export const service = z.strictObject({
  image: z
    .string()
    .min(1)
    .optional()
    .describe('image to run, by URI; absent: AWS builds it from this folder, Kubernetes uses sse-kit-service:latest'),
  replicas: z
    .strictObject({
      min: z.int().min(1).max(1000).default(2).describe('replicas that always run'),
      max: z.int().min(1).max(1000).default(10).describe('replicas at most'),
    })
    .prefault({})
    .refine(({ min, max }) => min <= max, { error: 'in order: min at most max' })
    .describe('how many copies of the service run'),
  cpu: z.literal(fargateCpu).default(512).describe('CPU units of one replica; 1024 is one core'),
  memoryMiB: z
    .int()
    .min(256)
    .max(122_880)
    .default(1024)
    .describe('memory of one replica, in MiB; judged against maxStreams, slowClientBytes and workers'),
  allowAnonymous: z
    .boolean()
    .default(false)
    .describe(
      'ALLOW_ANONYMOUS: everybody who reaches the service may subscribe and publish; without it a token is wanted (auth)',
    ),
  auth: auth.prefault({}).describe('who is let in'),
  corsOrigins: z
    .array(z.string().refine(isOrigin, 'an origin such as https://app.example.com'))
    .default([])
    .describe('CORS_ORIGINS: pages of other origins that may open streams'),
  trustProxy: z
    .boolean()
    .default(true)
    .describe('TRUST_PROXY: X-Forwarded-For is believed, as is right where an edge is the only way in'),
  workers: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('WORKERS: processes in a replica; more than one per core is no use'),
  patterns: z.array(z.literal(patterns)).default([]).describe('PATTERNS: ready-made uses that are switched on'),
  logLevel: z.literal(logLevels).default('info').describe('LOG_LEVEL'),
  publishRatePerSecond: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('PUBLISH_RATE_PER_SECOND: what one publisher may post to a process in a second; absent: any number'),
  overloadLagMs: z
    .int()
    .min(50)
    .max(60_000)
    .default(500)
    .describe('OVERLOAD_LAG_MS: with the event loop later than this, what is new is turned away'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable'), z.string())
    .default({})
    .describe('further variables of the environment, such as NODE_OPTIONS; never secrets'),
});
