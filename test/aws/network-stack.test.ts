import { Template } from 'aws-cdk-lib/assertions';
import { only, stacks } from './stacks.ts';

const template = (network: Parameters<typeof stacks>[0] = {}) => Template.fromStack(stacks(network).network);

test('two zones with a public and a private subnet each, and as many NAT gateways as are asked for', () => {
  const network = template({ network: { natGateways: 1 } });

  network.resourceCountIs('AWS::EC2::Subnet', 4);
  network.resourceCountIs('AWS::EC2::NatGateway', 1);
});

test('every zone asked for is there, though account and region are not known', () => {
  template({ network: { maxAzs: 4 } }).resourceCountIs('AWS::EC2::Subnet', 8);
});

test('without a number of NAT gateways no zone depends on another', () => {
  template({ network: { maxAzs: 3 } }).resourceCountIs('AWS::EC2::NatGateway', 3);
});

test('a network that grows by a zone moves no subnet', () => {
  const rangesOf = (network: Template) =>
    Object.fromEntries(
      Object.entries(network.findResources('AWS::EC2::Subnet')).map(([id, { Properties }]) => [
        id,
        Properties.CidrBlock,
      ]),
    );
  const before = rangesOf(template({ network: { maxAzs: 2 } }));

  expect(rangesOf(template({ network: { maxAzs: 3 } }))).toMatchObject(before);
});

test('connections that were refused are written down, or all', () => {
  const typeOf = (network: Template) => only(network, 'AWS::EC2::FlowLog').TrafficType;

  expect(typeOf(template())).toBe('REJECT');
  expect(typeOf(template({ network: { flowLogs: 'all' } }))).toBe('ALL');
});

test('nothing but the network: no function that would have to empty the default security group', () => {
  template().resourceCountIs('AWS::Lambda::Function', 0);
});

test('without a NAT gateway, tasks reach what they need to start through endpoints', () => {
  const network = template({ network: { natGateways: 0 } });

  network.resourceCountIs('AWS::EC2::NatGateway', 0);
  expect(Object.values(network.findResources('AWS::EC2::VPCEndpoint'))).toHaveLength(5);
});

test('fails when there are more NAT gateways than zones to put them in', () => {
  expect(() => stacks({ network: { natGateways: 3 } })).toThrow(
    'natGateways (3) must be at most maxAzs (2), one a zone; lower natGateways to 2',
  );
});
