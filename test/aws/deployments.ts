/** Configurations between which every construct of lib/aws is used: what holds for each holds for all. */
export const existing = {
  vpc: {
    id: 'vpc-0123456789abcdef0',
    cidr: '10.1.0.0/16',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    publicSubnetIds: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
  },
  cluster: 'platform',
  redis: {
    host: 'events.example.cache.amazonaws.com',
    user: 'sse',
    secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:redis-a1B2c3',
    securityGroupId: 'sg-0123456789abcdef0',
  },
  authSecret: { arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:issuer-a1B2c3', key: 'pem' },
};

const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
const domain = { domainName: 'sse.example.com', hostedZone: { id: 'Z0123456789ABC', name: 'example.com' } };

export const deployments: Readonly<Record<string, object>> = {
  dev: {},
  prod: { aws: { stage: 'prod', internetFacing: true, maintenance: true, ...domain } },
  'prod without a way out': { aws: { stage: 'prod', natGateways: 0 } },
  'prod with everything imported': {
    aws: { stage: 'prod', internetFacing: true, certificateArn, ...domain, existing },
    service: { auth: { key: 'JWT_PUBLIC_KEY' } },
  },
  'prod with CloudFront': {
    aws: {
      stage: 'prod',
      edge: 'cloudfront',
      ...domain,
      certificateArn: certificateArn.replace('eu-central-1', 'us-east-1'),
      edgeDistributionId: 'E1ABCDEFGHIJKL',
      cacheMode: 'cluster',
      cacheRotationDays: 30,
    },
  },
  'dev with CloudFront by its own name, and a serverless store': {
    aws: { edge: 'cloudfront', cacheMode: 'serverless' },
  },
};
