import { fileURLToPath } from 'node:url';
import { Aws, IgnoreMode } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** host, account, region, repository, then `:tag` or `@digest` */
const ecrUri = /^(?<account>\d{12})\.dkr\.ecr\.(?<region>[a-z0-9-]+)\.[^/]+\/(?<name>[^:@]+)[:@]?(?<version>.*)$/;

/**
 * The service's image: the given one, else built from this repository when it is deployed (synth needs no container
 * engine). A task may pull an image of ECR only when its role says so, which a plain URI would leave out.
 */
export function serviceImage(scope: Construct, uri?: string): ContainerImage {
  if (uri === undefined) return builtImage();
  const { account, region, name, version } = ecrUri.exec(uri)?.groups ?? {};
  if (name === undefined) return ContainerImage.fromRegistry(uri);
  const repository = Repository.fromRepositoryAttributes(scope, 'ImageRepository', {
    repositoryArn: `arn:${Aws.PARTITION}:ecr:${region}:${account}:repository/${name}`,
    repositoryName: name,
  });
  return ContainerImage.fromEcrRepository(repository, version || 'latest');
}

function builtImage(): ContainerImage {
  return ContainerImage.fromAsset(repositoryRoot, {
    file: 'service/Dockerfile',
    platform: Platform.LINUX_ARM64,
    // .dockerignore says what is taken along, so that no other file can change the image's hash
    ignoreMode: IgnoreMode.DOCKER,
  });
}
