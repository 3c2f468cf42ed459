/**
 * What the rotation function runs, as text: CloudFormation takes up to 4096 characters, and there is nothing to build or
 * upload. CommonJS on Node, whose image has both clients. Secrets Manager calls it four times, and again after a failure,
 * so each step can be repeated.
 */
export const rotationCode = `const { randomBytes } = require('node:crypto');
const cache = require('@aws-sdk/client-elasticache');
const secrets = require('@aws-sdk/client-secrets-manager');
const users = new cache.ElastiCacheClient({});
const store = new secrets.SecretsManagerClient({});

async function read(SecretId, VersionStage, VersionId) {
  const { SecretString } = await store.send(new secrets.GetSecretValueCommand({ SecretId, VersionStage, VersionId }));
  return JSON.parse(SecretString);
}

const idOf = (arn) => arn.split(':').pop();

async function untilActive(UserId) {
  for (;;) {
    const { Users } = await users.send(new cache.DescribeUsersCommand({ UserId }));
    if (Users[0].Status === 'active') return;
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

const steps = {
  // a new password beside the current one, once
  async createSecret(SecretId, version) {
    const current = await read(SecretId, 'AWSCURRENT');
    try {
      await read(SecretId, 'AWSPENDING', version);
    } catch (error) {
      if (error.name !== 'ResourceNotFoundException') throw error;
      const SecretString = JSON.stringify({ ...current, password: randomBytes(32).toString('hex') });
      await store.send(
        new secrets.PutSecretValueCommand({ SecretId, ClientRequestToken: version, SecretString, VersionStages: ['AWSPENDING'] }),
      );
    }
  },
  // both are valid from here on; the one before the current is not any more
  async setSecret(SecretId, version) {
    const current = await read(SecretId, 'AWSCURRENT');
    const pending = await read(SecretId, 'AWSPENDING', version);
    const UserId = idOf(current.user_arn);
    await untilActive(UserId);
    await users.send(new cache.ModifyUserCommand({ UserId, Passwords: [pending.password, current.password] }));
  },
  // active again: every node knows the new password
  async testSecret(SecretId, version) {
    await untilActive(idOf((await read(SecretId, 'AWSPENDING', version)).user_arn));
  },
  // tasks that start from here on get the new one
  async finishSecret(SecretId, version, stages) {
    const [old] = Object.entries(stages).find(([, names]) => names.includes('AWSCURRENT'));
    if (old === version) return;
    await store.send(
      new secrets.UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: version,
        RemoveFromVersionId: old,
      }),
    );
  },
};

exports.handler = async ({ SecretId, ClientRequestToken: version, Step }) => {
  const { VersionIdsToStages: stages = {} } = await store.send(new secrets.DescribeSecretCommand({ SecretId }));
  if (stages[version] === undefined) throw new Error('version ' + version + ' is none of this secret');
  if (stages[version].includes('AWSCURRENT')) return;
  await steps[Step](SecretId, version, stages);
};
`;
