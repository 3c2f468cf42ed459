import { ArnFormat, Names, Stack } from 'aws-cdk-lib';
import { CfnUser, CfnUserGroup } from 'aws-cdk-lib/aws-elasticache';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { storeRights } from '../targets/index.ts';
import { accept } from './accept.ts';
import { rotate, type StoreRotation } from './store-rotation.ts';

export interface StoreUsersProps {
  /** Rights for the patterns too (docs/patterns.md). @default false */
  readonly patterns?: boolean;
  /** Change the password regularly. @default - by hand */
  readonly rotation?: StoreRotation;
}

const engine = 'valkey';

/** The service's login to the store: one user with few rights, whose password is made and kept by Secrets Manager. */
export class StoreUsers extends Construct {
  /**
   * A user group has to contain a user of this name (AWS::ElastiCache::UserGroup), so the service's user bears it, and
   * no second login exists that nobody uses.
   */
  readonly username = 'default';
  /** `username`, `password` and `user_arn`: what a function that rotates passwords of ElastiCache looks for. */
  readonly credentials: ISecret;
  readonly user: CfnUser;
  readonly group: CfnUserGroup;

  constructor(scope: Construct, id: string, { patterns, rotation }: StoreUsersProps = {}) {
    super(scope, id);
    const userId = this.idFor('user');
    const userArn = Stack.of(this).formatArn({
      service: 'elasticache',
      resource: 'user',
      resourceName: userId,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const secret = new Secret(this, 'Credentials', {
      description: 'login to the event store',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: this.username, user_arn: userArn }),
        generateStringKey: 'password',
        // 16 to 128 printable characters (ElastiCache API, CreateUser); without punctuation it is safe in any URL
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
    this.user = new CfnUser(this, 'User', {
      engine,
      userId,
      userName: this.username,
      accessString: storeRights(patterns),
      // Renders a reference that CloudFormation resolves, never the password itself. It is looked at again only when
      // the user changes, so that a rotation is no drift.
      passwords: [secret.secretValueFromJson('password').unsafeUnwrap()],
    });
    this.group = new CfnUserGroup(this, 'Group', {
      engine,
      userGroupId: this.idFor('users'),
      userIds: [this.user.ref],
    });
    // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
    this.credentials = secret as ISecret;
    if (rotation) rotate(this, { secret: this.credentials, user: this.user, userArn, rotation });
    else
      accept(secret, {
        'AwsSolutions-SMG4':
          'rotation is switched on by who deploys the tasks anew as well; docs/operations.md has it by hand',
      });
  }

  /** Ids are ours to choose, unique in account and region, lower case, and start with a letter. */
  private idFor(what: string): string {
    return `${Names.uniqueResourceName(this, { maxLength: 32, separator: '-' })}-${what}`.toLowerCase();
  }
}
