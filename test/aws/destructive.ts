import type { Template } from 'aws-cdk-lib/assertions';

/**
 * Properties that CloudFormation cannot change without putting a new resource in the old one's place ("Update requires:
 * Replacement", AWS resource and property types reference), by type. All that holds data, an address, a name that others
 * know, or connections. What only some changes replace is here too.
 */
const createOnly: Readonly<Record<string, readonly string[]>> = {
  'AWS::EC2::VPC': ['CidrBlock', 'InstanceTenancy'],
  'AWS::EC2::Subnet': ['VpcId', 'AvailabilityZone', 'CidrBlock'],
  'AWS::EC2::SecurityGroup': ['GroupDescription', 'GroupName', 'VpcId'],
  'AWS::ElastiCache::ReplicationGroup': [
    'AtRestEncryptionEnabled',
    'CacheSubnetGroupName',
    'ClusterMode',
    'DataTieringEnabled',
    'Engine',
    'GlobalReplicationGroupId',
    'KmsKeyId',
    'NetworkType',
    'Port',
    'PreferredCacheClusterAZs',
    'ReplicationGroupId',
    'SnapshotArns',
    'SnapshotName',
    'TransitEncryptionEnabled',
  ],
  'AWS::ElastiCache::ParameterGroup': ['CacheParameterGroupFamily', 'CacheParameterGroupName'],
  'AWS::ElastiCache::SubnetGroup': ['CacheSubnetGroupName'],
  'AWS::ElastiCache::User': ['UserId', 'UserName'],
  'AWS::ElastiCache::UserGroup': ['UserGroupId'],
  // a new recipe draws a new value
  'AWS::SecretsManager::Secret': ['Name', 'GenerateSecretString'],
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ['Name', 'Scheme', 'Type'],
  'AWS::ElasticLoadBalancingV2::TargetGroup': ['Name', 'Port', 'Protocol', 'ProtocolVersion', 'TargetType', 'VpcId'],
  'AWS::ElasticLoadBalancingV2::Listener': ['LoadBalancerArn'],
  'AWS::ECS::Cluster': ['ClusterName'],
  'AWS::ECS::Service': ['Cluster', 'LaunchType', 'Role', 'SchedulingStrategy', 'ServiceName'],
  'AWS::WAFv2::WebACL': ['Name', 'Scope'],
};

type Templates = Readonly<Record<string, Template>>;

/** Resources that CloudFormation would delete or replace on the way from some templates to others, and by what. */
export function destroyed(before: Templates, after: Templates): readonly string[] {
  return Object.entries(before).flatMap(([stack, template]) => {
    const others = after[stack]?.toJSON().Resources ?? {};
    return Object.entries<Resource>(template.toJSON().Resources).flatMap(([id, resource]) => {
      const properties = createOnly[resource.Type];
      if (properties === undefined) return [];
      const other: Resource | undefined = others[id];
      if (other === undefined) return [`${stack} ${resource.Type} ${id} is gone`];
      return properties
        .filter((name) => JSON.stringify(resource.Properties?.[name]) !== JSON.stringify(other.Properties?.[name]))
        .map((name) => `${stack} ${resource.Type} ${id} is replaced by another ${name}`);
    });
  });
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}
