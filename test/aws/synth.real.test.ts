import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copied } from '../image/parts.ts';
import { deployments } from './deployments.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'sse-kit-synth-'));
const output = join(folder, 'cdk.out');

afterAll(() => rmSync(folder, { recursive: true }));

/** The real command into an empty folder, as `npm run synth` runs it; its environment knows no AWS account. */
async function synth(...options: string[]) {
  rmSync(output, { recursive: true, force: true });
  const args = ['cdk', 'synth', '--quiet', '--no-notices', '--output', output, ...options];
  const env = { PATH: process.env.PATH, HOME: folder };
  return run('npx', args, { env }).then(
    ({ stderr }) => ({ status: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ status: code, stderr }),
  );
}

const templates = (): readonly string[] =>
  readdirSync(output)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => file.replace('.template.json', ''))
    .sort();

function configFile(config: object): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

const all = ['SseKit-Cache', 'SseKit-Network', 'SseKit-Observability', 'SseKit-Service'];

test('cdk synth writes the stacks of the checked-in configuration, and the build context of the image holds what the Dockerfile copies', async () => {
  expect(await synth()).toMatchObject({ status: 0 });

  const files = readdirSync(output);
  expect(templates()).toEqual(all);
  const context = join(output, files.find((file) => file.startsWith('asset.')) ?? 'no asset');
  expect(copied.filter((path) => !existsSync(join(context, path)))).toEqual([]);
}, 120_000);

/** What is there already is not created. */
const created: Readonly<Record<string, readonly string[]>> = {
  'prod with everything imported': ['SseKit-Observability', 'SseKit-Service'],
  'prod with CloudFront': [...all, 'SseKit-Edge', 'SseKit-EdgeLogs'].sort(),
  'dev with CloudFront by its own name, and a serverless store': [...all, 'SseKit-Edge'].sort(),
};

// CDK validates every property against the schemas of CloudFormation here, and our own checks read what is to be deployed
test.each(Object.entries(deployments))(
  '%s is what CloudFormation knows and what streams need',
  async (name, config) => {
    const { status, stderr } = await synth('-c', `config=${configFile(config)}`);

    expect(stderr).not.toMatch(/ERROR|WARNING/);
    expect(status).toBe(0);
    expect(templates()).toEqual(created[name] ?? all);
  },
  120_000,
);

test('a key on the command line wins over the file, and a misspelt one is a fault', async () => {
  await synth('-c', `config=${configFile({ aws: { natGateways: 1 } })}`, '-c', 'natGateways=2');
  const { Resources } = JSON.parse(readFileSync(join(output, 'SseKit-Network.template.json'), 'utf8'));

  expect(Object.values<{ Type: string }>(Resources).filter(({ Type }) => Type === 'AWS::EC2::NatGateway')).toHaveLength(
    2,
  );
  expect((await synth('-c', 'stge=prod')).stderr).toContain('aws.stge is not a known key');
}, 120_000);

test('cdk synth, with all that CDK validates, takes prod behind CloudFront with every option of the store', async () => {
  const options = ['stage=prod', 'edge=cloudfront', 'edgeDistributionId=E1ABCDEFGHIJKL', 'cacheRotationDays=30'];

  expect(await synth(...options.flatMap((option) => ['-c', option]))).toMatchObject({ status: 0 });
}, 120_000);

test('fails with the fault, and no stack trace, when Fargate cannot express the policy', async () => {
  const { status, stderr } = await synth('-c', `config=${configFile({ policy: { drainSeconds: 300 } })}`);

  expect(status).toBe(1);
  expect(stderr).toContain('drainSeconds (300) + 10 s must be at most 120');
  expect(stderr).not.toMatch(/^ +at /m);
}, 120_000);

test('says so when the configuration has AWS switched off', async () => {
  const { stderr } = await synth('-c', `config=${configFile({ aws: { enabled: false } })}`);

  expect(stderr).toContain('aws.enabled is false');
}, 120_000);
