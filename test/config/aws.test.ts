import { parseConfig } from '../../lib/config/load.ts';

const messageOf = (aws: object, service: object = {}): string => {
  try {
    parseConfig({ aws, service });
    return '';
  } catch (error) {
    return (error as Error).message.split('\n').slice(1).join('\n').trim();
  }
};

const vpc = {
  id: 'vpc-0123456789abcdef0',
  cidr: '10.1.0.0/16',
  availabilityZones: ['eu-central-1a', 'eu-central-1b'],
  privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
};
const zone = { id: 'Z0123456789ABC', name: 'example.com' };

test.each<readonly [what: string, aws: object, message: string]>([
  [
    'a zone without a name to put into it',
    { hostedZone: zone },
    'aws.hostedZone (example.com) must come with aws.domainName',
  ],
  [
    'a name without a zone or a certificate',
    { domainName: 'sse.example.com' },
    'aws.domainName (sse.example.com) must come with aws.hostedZone',
  ],
  [
    'a name that is not in its zone',
    { domainName: 'sse.badexample.com', hostedZone: zone },
    'aws.domainName (sse.badexample.com) must be in aws.hostedZone.name (example.com), or end in .example.com',
  ],
  [
    'subnets that do not match the zones',
    { existing: { vpc: { ...vpc, privateSubnetIds: vpc.privateSubnetIds.slice(1) } } },
    'aws.existing.vpc.privateSubnetIds (1 of them) must be as many as aws.existing.vpc.availabilityZones (2)',
  ],
  [
    'a public balancer without public subnets',
    { existing: { vpc }, internetFacing: true },
    'aws.existing.vpc.publicSubnetIds (none) must name the subnets of the balancer, which aws.internetFacing (true) makes public',
  ],
  [
    'a secret that is not named in whole',
    { existing: { authSecret: { arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys' } } },
    'must be the whole ARN of a secret, with the six characters at its end',
  ],
  [
    'an id of something else',
    { existing: { vpc: { ...vpc, id: 'subnet-0123456789abcdef0' } } },
    'must be an id such as vpc-',
  ],
  ['days that CloudWatch does not know', { logDays: 10 }, 'aws.logDays (10) must be one of 1, 3, 5, 7, 14, 30'],
])('fails on %s', (_, aws, message) => {
  expect(messageOf(aws)).toContain(message);
});

test('a public key for tokens has to lie somewhere', () => {
  expect(messageOf({}, { auth: { key: 'JWT_PUBLIC_KEY' } })).toContain(
    'service.auth.key (JWT_PUBLIC_KEY) must come with aws.existing.authSecret',
  );
});

test('what exists is taken', () => {
  expect(messageOf({ existing: { vpc }, domainName: 'sse.example.com', hostedZone: zone })).toBe('');
});
