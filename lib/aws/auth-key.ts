import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { PolicyError } from '../policy/index.ts';
import type { SecretVariable } from '../targets/service-environment.ts';
import { accept } from './accept.ts';

/** Where the key lies that tokens are verified with. */
export interface AuthKeyProps {
  /** Secret with the value of JWT_SECRET or JWT_PUBLIC_KEY. @default - a JWT_SECRET is drawn; a public key has no default */
  readonly authSecret?: ISecret | undefined;
  /** Key of the value in the secret's JSON. @default - the whole secret is the value */
  readonly authSecretKey?: string | undefined;
}

/**
 * The secret that a service verifies tokens with; none where it does so otherwise.
 *
 * @throws PolicyError for a public key that is nowhere: nobody but its issuer has it.
 */
export function authSecretFor(
  scope: Construct,
  [variable]: readonly SecretVariable[],
  { authSecret }: AuthKeyProps,
): ISecret | undefined {
  return variable === undefined ? undefined : (authSecret ?? drawn(scope, variable));
}

function drawn(scope: Construct, variable: SecretVariable): ISecret {
  if (variable !== 'JWT_SECRET') {
    const message = `authSecret (none) must be the secret that holds ${variable}, which only the issuer of the tokens has`;
    throw new PolicyError('the service has no key', [{ rule: 'config', fields: ['authSecret'], message }]);
  }
  const secret = new Secret(scope, 'JwtSecret', {
    description: 'signs and verifies the tokens of the stream service',
    // 64 bytes are enough for HS512 (RFC 7518 §3.2)
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
  });
  accept(secret, {
    'AwsSolutions-SMG4':
      'whoever issues tokens must change at the same moment: docs/operations.md has the steps by hand',
  });
  // CDK's classes do not match its own interfaces under exactOptionalPropertyTypes
  return secret as ISecret;
}
