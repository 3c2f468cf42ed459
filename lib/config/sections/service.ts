import { z } from 'zod';

/** CPU units that Fargate offers (1024 is one core), each with its own range of memory. */
export const fargateCpu = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;

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
  memoryMiB: z.int().min(256).max(122_880).default(1024).describe('memory of one replica, in MiB'),
  allowAnonymous: z
    .boolean()
    .default(false)
    .describe(
      'ALLOW_ANONYMOUS: everybody who reaches the service may subscribe and publish; without it the service refuses to listen beyond loopback',
    ),
});
