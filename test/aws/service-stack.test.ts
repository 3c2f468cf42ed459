import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { only, stacks } from './stacks.ts';

const imageOf = (image?: string) => {
  const template = Template.fromStack(stacks({ service: { image } }).service);
  return { uri: JSON.stringify(only(template, 'AWS::ECS::TaskDefinition').ContainerDefinitions[0].Image), template };
};

test('warns when a service without logins is put on the internet', () => {
  // CDK prints every warning as it synthesizes
  jest.spyOn(console, 'error').mockImplementation(() => {});
  const { service } = stacks({ service: { internetFacing: true, settings: { allowAnonymous: true } } });

  Annotations.fromStack(service).hasWarning('*', Match.stringLikeRegexp('lets everybody subscribe and publish'));
});

test('an internal service without logins, and a public one with them, raise no warning', () => {
  for (const props of [{ settings: { allowAnonymous: true } }, { internetFacing: true }])
    Annotations.fromStack(stacks({ service: props }).service).hasNoWarning('*', Match.anyValue());
});

test('network and store cannot be deleted under a running service', () => {
  const { cache, service } = stacks();

  for (const stack of [cache, service]) {
    const text = JSON.stringify(Template.fromStack(stack));
    expect(text).toContain('Fn::ImportValue');
    expect(text).not.toContain('Fn::GetStackOutput');
  }
});

test('an image of ECR is pulled by tag or digest, with the right to do so', () => {
  const { uri, template } = imageOf('123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/sse-kit:1.2');

  expect(uri).toContain('123456789012.dkr.ecr.eu-central-1.');
  expect(uri).toContain('/team/sse-kit:1.2');
  expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain('ecr:BatchGetImage');
  expect(imageOf(`123456789012.dkr.ecr.eu-central-1.amazonaws.com/sse-kit@sha256:${'a'.repeat(64)}`).uri).toContain(
    `/sse-kit@sha256:${'a'.repeat(64)}`,
  );
});

test('an image of any other registry is taken as it is named', () => {
  expect(imageOf('registry.example.com/sse-kit:1').uri).toBe('"registry.example.com/sse-kit:1"');
});

test('without an image it is one built from this repository', () => {
  expect(imageOf().uri).toContain('container-assets');
});
