import { App, Stack } from 'aws-cdk-lib';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventStore, StreamLoadBalancer, StreamService, serviceImage } from '../../lib/aws/index.ts';
import { definePolicy } from '../../lib/policy/index.ts';

export function importingApp(app = new App()): Stack {
  const stack = new Stack(app, 'Shop', { env: { region: 'eu-central-1' } });
  const vpc: IVpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.1.0.0/16',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  });
  const policy = definePolicy({ heartbeatSeconds: 8, maxStreams: 10_000 });
  const store = new EventStore(stack, 'Events', { policy, vpc });
  const { targetGroup } = new StreamLoadBalancer(stack, 'Balancer', { policy, vpc });
  const image = serviceImage(stack, 'registry.example.com/sse-kit:1');
  new StreamService(stack, 'Streams', { policy, vpc, store, targetGroup, image, maxReplicas: 6 });
  return stack;
}
