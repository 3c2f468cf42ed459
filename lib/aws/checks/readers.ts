import { apiGatewayReaders } from './api-gateway.ts';
import { cloudFrontReaders } from './cloudfront.ts';
import { ecsReaders } from './ecs.ts';
import { elastiCacheReaders } from './elasticache.ts';
import { elbReaders } from './elb.ts';
import type { Path, Reading } from './reading.ts';
import type { Resource } from './template.ts';

export type Reader = (resource: Resource, path: Path) => readonly Reading[];

/** Who reads which resource. What is not in the table is not on a stream's path, or cannot cut a stream. */
export const readers: Readonly<Record<string, Reader>> = {
  ...elbReaders,
  ...ecsReaders,
  ...elastiCacheReaders,
  ...apiGatewayReaders,
  ...cloudFrontReaders,
};
