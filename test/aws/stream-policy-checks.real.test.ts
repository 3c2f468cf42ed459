import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'sse-kit-foreign-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** The CLI on an app that is not the kit's, but for one line. */
async function synth(idle: number) {
  const app = 'npx tsx test/aws/foreign-app.ts';
  const args = ['cdk', 'synth', '--quiet', '--no-notices', '--app', app, '-c', `idle=${idle}`, '--output', folder];
  const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' };
  return run('npx', args, { env }).then(
    ({ stderr }) => ({ status: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ status: code, stderr }),
  );
}

test('cdk synth fails a bad timeout with file, construct, rule and the value that would do', async () => {
  const { status, stderr } = await synth(5000);

  expect(status).toBe(1);
  expect(stderr).toMatch(/foreign-app\.ts:\d+:\d+/);
  expect(stderr).toContain('Shop/Front/Resource');
  expect(stderr).toContain(
    'idle_timeout.timeout_seconds (5000) must be a whole number from 1 to 4000; lower it to 4000',
  );
  expect(stderr).toContain("Acknowledge with 'sse-kit::elb-balancer-value'");
}, 60_000);

test('and one that is too short for the heartbeat', async () => {
  const { status, stderr } = await synth(20);

  expect(status).toBe(1);
  expect(stderr).toContain('alb: idle_timeout.timeout_seconds=20 must be at least idleSeconds (60); raise it to 60 s');
}, 60_000);

test('and has nothing to say of one that fits', async () => {
  const { status, stderr } = await synth(60);

  expect(status).toBe(0);
  expect(stderr).not.toContain('sse-kit');
}, 60_000);
