import { rotationCode } from '../../lib/aws/store-rotation-code.ts';

interface Call {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

const arn = 'arn:aws:elasticache:eu-central-1:123456789012:user:sse-user';

/** Secrets Manager and ElastiCache as far as the function asks them, with a secret that is being rotated to `new`. */
function world() {
  const versions: Record<string, string> = {
    old: JSON.stringify({ username: 'default', password: 'first', user_arn: arn }),
  };
  const stages: Record<string, string[]> = { old: ['AWSCURRENT'], new: ['AWSPENDING'] };
  const user = { Status: 'active', passwords: ['first'] };
  const answers: Record<string, (input: Record<string, string & string[]>) => unknown> = {
    DescribeSecretCommand: () => ({ VersionIdsToStages: stages }),
    GetSecretValueCommand: ({ VersionStage = '', VersionId }) => {
      const version = VersionId ?? Object.keys(stages).find((key) => stages[key]?.includes(VersionStage)) ?? '';
      const SecretString = versions[version];
      if (SecretString === undefined) throw Object.assign(new Error('no value'), { name: 'ResourceNotFoundException' });
      return { SecretString };
    },
    PutSecretValueCommand: ({ ClientRequestToken = '', SecretString = '' }) => {
      versions[ClientRequestToken] = SecretString;
    },
    UpdateSecretVersionStageCommand: ({ MoveToVersionId = '', RemoveFromVersionId = '' }) => {
      stages[MoveToVersionId] = ['AWSCURRENT'];
      stages[RemoveFromVersionId] = ['AWSPREVIOUS'];
    },
    DescribeUsersCommand: () => ({ Users: [user] }),
    ModifyUserCommand: ({ Passwords = [] as never }) => {
      user.passwords = [...(Passwords as readonly string[])];
    },
  };
  const calls: Call[] = [];
  class Client {
    async send({ name, input }: Call) {
      calls.push({ name, input });
      return answers[name]?.(input as never);
    }
  }
  const commands = Object.keys(answers).map((name) => [
    name,
    class {
      readonly name = name;
      readonly input: unknown;
      constructor(input: unknown) {
        this.input = input;
      }
    },
  ]);
  const sdk = { ElastiCacheClient: Client, SecretsManagerClient: Client, ...Object.fromEntries(commands) };
  const module: { handler?: (event: object) => Promise<void> } = {};
  new Function('require', 'exports', rotationCode)(
    (id: string) => (id.startsWith('@aws-sdk/') ? sdk : require(id)),
    module,
  );
  const step = (Step: string, ClientRequestToken = 'new') =>
    module.handler?.({ SecretId: 'store', ClientRequestToken, Step });
  return { versions, stages, user, calls, step };
}

const passwordOf = (text = '{}'): string => JSON.parse(text).password;

test('a rotation leaves the user with the new password and the one before it, and tells new tasks the new one', async () => {
  const { versions, stages, user, step } = world();

  for (const name of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) await step(name);

  const fresh = passwordOf(versions.new);
  expect(fresh).toMatch(/^[0-9a-f]{64}$/);
  expect(user.passwords).toEqual([fresh, 'first']);
  expect(stages).toEqual({ new: ['AWSCURRENT'], old: ['AWSPREVIOUS'] });
  expect(JSON.parse(versions.new ?? '')).toMatchObject({ username: 'default', user_arn: arn });
});

test('a step that is repeated does no more than once: the password that was set stays the one that is told', async () => {
  const { versions, user, step } = world();
  await step('createSecret');
  const first = versions.new;

  for (const name of ['createSecret', 'setSecret', 'setSecret', 'finishSecret', 'finishSecret', 'setSecret'])
    await step(name);

  expect(versions.new).toBe(first);
  expect(user.passwords).toEqual([passwordOf(first), 'first']);
});

test('fails for a version that the secret does not have', async () => {
  await expect(world().step('createSecret', 'strange')).rejects.toThrow('version strange is none of this secret');
});

test('touches the user that the secret names and no other', async () => {
  const { calls, step } = world();
  for (const name of ['createSecret', 'setSecret', 'testSecret']) await step(name);

  const users = calls.filter(({ name }) => /User/.test(name)).map(({ input }) => input.UserId);
  expect(new Set(users)).toEqual(new Set(['sse-user']));
});

test('the code fits into a template', () => {
  // AWS::Lambda::Function Code, ZipFile: up to 4096 characters
  expect(rotationCode.length).toBeLessThanOrEqual(4096);
});
