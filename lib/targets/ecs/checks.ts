import { numberFrom, type Values } from '../settings.ts';
import { type KeyTable, number } from '../vendor/accepts.ts';
import { rightValues, type VendorCheck, vendorCheck } from '../vendor/check.ts';

const taskDefinition = 'AWS::ECS::TaskDefinition';
const service = 'AWS::ECS::Service';

/** ECS API, ContainerDefinition: the range of StopTimeout on Fargate. On EC2 the agent's own limit holds. */
const onFargate: KeyTable = { StopTimeout: number(2, 120) };

/** ECS API, DeploymentConfiguration. */
const deployment: KeyTable = { MinimumHealthyPercent: number(0, 100), MaximumPercent: number(100, 200) };

const passedOn = 'ECS refuses it in the middle of a deployment; CDK, CloudFormation and cfn-lint pass it on';

/** What ECS refuses of containers (`Launch` is FARGATE or EC2) and services. */
export const ecsChecks: readonly VendorCheck[] = [
  rightValues(
    {
      id: 'ecs-container-value',
      why: passedOn,
      source: 'docs.aws.amazon.com/AmazonECS: ContainerDefinition.stopTimeout 2 to 120 on Fargate',
      on: taskDefinition,
      example: { Launch: 'FARGATE', StopTimeout: 300 },
    },
    ({ Launch }) => (Launch === 'FARGATE' ? onFargate : undefined),
  ),
  rightValues(
    {
      id: 'ecs-deployment-value',
      why: passedOn,
      source: 'docs.aws.amazon.com/AmazonECS: DeploymentConfiguration',
      on: service,
      example: { MaximumPercent: 250 },
    },
    () => deployment,
  ),
  vendorCheck({
    id: 'ecs-deployment-room',
    why: 'a deployment that may neither stop a task nor start another one never begins',
    source: 'docs.aws.amazon.com/AmazonECS: minimumHealthyPercent and maximumPercent of rolling deployments',
    on: service,
    example: { MinimumHealthyPercent: 100, MaximumPercent: 100 },
    broken: (values: Values) => {
      const [least, most] = [
        numberFrom(values, 'MinimumHealthyPercent', 100),
        numberFrom(values, 'MaximumPercent', 200),
      ];
      if (least < 100 || most > 100) return [];
      const message = `MaximumPercent (${most}) must be above 100 with MinimumHealthyPercent (${least}); raise it to 200`;
      return [{ keys: ['MaximumPercent', 'MinimumHealthyPercent'], message }];
    },
  }),
];
