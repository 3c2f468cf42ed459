import { Aws, Duration } from 'aws-cdk-lib';
import type { CfnUser } from 'aws-cdk-lib/aws-elasticache';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { CfnRotationSchedule, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { PolicyError } from '../policy/index.ts';
import { logGroup } from './logs.ts';
import { rotationCode } from './store-rotation-code.ts';

export interface StoreRotation {
  /**
   * Days from one change to the next, 1 to 1000. A password stays valid until the change after the next, so tasks must
   * be replaced within this time: `RegularDeployment` sees to it.
   */
  readonly everyDays: number;
}

interface RotateProps {
  readonly secret: ISecret;
  readonly user: CfnUser;
  readonly userArn: string;
  readonly rotation: StoreRotation;
}

/**
 * Changes the user's password regularly. ElastiCache lets a user have two: the new one is added, and the one before it
 * stays until the next change, so that no task is locked out. Open connections are not touched.
 */
export function rotate(scope: Construct, props: RotateProps): CfnRotationSchedule {
  const { secret, user, rotation } = props;
  const { everyDays } = rotation;
  if (!Number.isInteger(everyDays) || everyDays < 1 || everyDays > 1000) {
    const message = `everyDays (${everyDays}) must be a whole number of days from 1 to 1000, the range of Secrets Manager`;
    throw new PolicyError('the rotation does not hold', [{ rule: 'config', fields: ['everyDays'], message }]);
  }
  const rotator = rotatorOf(new Construct(scope, 'Rotation'), props);
  rotator.addPermission('SecretsManager', {
    principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
    sourceAccount: Aws.ACCOUNT_ID,
  });
  const schedule = new CfnRotationSchedule(scope, 'RotationSchedule', {
    secretId: secret.secretArn,
    rotationLambdaArn: rotator.functionArn,
    rotationRules: { automaticallyAfterDays: everyDays },
    // a deployment is no reason to change the password
    rotateImmediatelyOnUpdate: false,
  });
  schedule.node.addDependency(user, rotator);
  return schedule;
}

/**
 * Secrets Manager has ready-made functions for databases and none for ElastiCache; AWS publishes one as an example
 * (aws-samples/aws-secrets-manager-rotation-lambdas: SecretsManagerElasticacheUserRotation), whose steps and secret ours
 * follows. It speaks to two APIs only, so it stands in no VPC.
 */
function rotatorOf(scope: Construct, { secret, userArn }: RotateProps): LambdaFunction {
  const logs = logGroup(scope, 'Logs', { logDays: 30, retainData: false });
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logs.grantWrite(role);
  const allow = (resources: string[], ...actions: string[]) =>
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  allow(
    [secret.secretArn],
    'secretsmanager:DescribeSecret',
    'secretsmanager:GetSecretValue',
    'secretsmanager:PutSecretValue',
    'secretsmanager:UpdateSecretVersionStage',
  );
  allow([userArn], 'elasticache:DescribeUsers', 'elasticache:ModifyUser');
  return new LambdaFunction(scope, 'Function', {
    description: 'changes the password of the event store',
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline(rotationCode),
    // a user that is modified is active again after a minute or two
    timeout: Duration.minutes(10),
    role,
    logGroup: logs,
  });
}
