import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copied } from '../image/parts.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'sse-kit-synth-'));
const output = join(folder, 'cdk.out');

afterAll(() => rmSync(folder, { recursive: true }));

/** The real command, as `npm run synth` runs it; its environment knows no AWS account. */
async function synth(...options: string[]) {
  const args = ['cdk', 'synth', '--quiet', '--no-notices', '--output', output, ...options];
  const env = { PATH: process.env.PATH, HOME: folder };
  return run('npx', args, { env }).then(
    ({ stderr }) => ({ status: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ status: code, stderr }),
  );
}

function configFile(config: object): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test('cdk synth writes four stacks, and the build context of the image holds what the Dockerfile copies', async () => {
  expect(await synth()).toMatchObject({ status: 0 });

  const files = readdirSync(output);
  expect(files.filter((file) => file.endsWith('.template.json')).sort()).toEqual([
    'SseKit-Cache.template.json',
    'SseKit-Network.template.json',
    'SseKit-Observability.template.json',
    'SseKit-Service.template.json',
  ]);
  const context = join(output, files.find((file) => file.startsWith('asset.')) ?? 'no asset');
  expect(copied.filter((path) => !existsSync(join(context, path)))).toEqual([]);
}, 60_000);

test('fails with the fault, and no stack trace, when Fargate cannot express the policy', async () => {
  const { status, stderr } = await synth('-c', `config=${configFile({ policy: { drainSeconds: 300 } })}`);

  expect(status).toBe(1);
  expect(stderr).toContain('drainSeconds (300) + 10 s must be at most 120');
  expect(stderr).not.toMatch(/^ +at /m);
}, 60_000);

test('says so when the configuration has AWS switched off', async () => {
  const { stderr } = await synth('-c', `config=${configFile({ aws: { enabled: false } })}`);

  expect(stderr).toContain('aws.enabled is false');
}, 60_000);
