import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

const root = resolve(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sse-kit-synth-'));

// Each test starts npx, the CLI and the chart; a busy machine takes its time for that.
jest.setTimeout(60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a documented command line in the shell of a user who has the given configuration. */
function run(command: string, config: object, env: Record<string, string> = {}) {
  const file = join(folder, 'sse-kit.config.json');
  writeFileSync(file, JSON.stringify(config));
  // Without it the CLI asks the network for its newest version first.
  const quiet = { CDK8S_CHECK_UPGRADE: 'false' };
  return spawnSync(command, {
    cwd: root,
    shell: true,
    encoding: 'utf8',
    env: { ...process.env, ...quiet, SSE_KIT_CONFIG: file, ...env },
  });
}

/** The kinds in a stream of YAML, read as kubectl does: by YAML 1.1, where a bare `off` would be false. */
function kindsIn(yaml: string): readonly string[] {
  const documents = parseAllDocuments(yaml, { version: '1.1', strict: true });
  if (!Array.isArray(documents)) return [];
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  return documents.map((document) => document.get('kind') as string);
}

const kinds = [
  'ConfigMap',
  'ServiceAccount',
  'Deployment',
  'Service',
  'Ingress',
  'PodDisruptionBudget',
  'NetworkPolicy',
  'HorizontalPodAutoscaler',
];

test('`npx cdk8s synth -p` prints what kubectl can apply, and nothing else', () => {
  const { stdout, status } = run('npx cdk8s synth -p', { kubernetes: { name: 'live' } });

  expect(kindsIn(stdout)).toEqual(kinds);
  expect(stdout).toContain('nginx.ingress.kubernetes.io/proxy-buffering: "off"');
  expect(status).toBe(0);
});

test('plain `npx cdk8s synth` prints the same where CDK8S_STDOUT=true is set', () => {
  const { stdout, status } = run('npx cdk8s synth', {}, { CDK8S_STDOUT: 'true' });

  expect(kindsIn(stdout)).toEqual(kinds);
  expect(status).toBe(0);
});

test('fails without a line of YAML when the policy does not hold, and names the fault', () => {
  const { stdout, stderr, status } = run('npx cdk8s synth -p', { policy: { heartbeatSeconds: 30 } });

  expect(stdout).toBe('');
  expect(stderr).toContain('heartbeatSeconds (30)');
  expect(stderr).not.toContain('PolicyError');
  expect(status).not.toBe(0);
});

test('says so when Kubernetes is switched off, and prints nothing to apply', () => {
  const { stdout, stderr, status } = run('npx cdk8s synth -p', { kubernetes: { enabled: false } });

  expect(stdout).toBe('');
  expect(stderr).toContain('kubernetes.enabled (false)');
  expect(status).toBe(0);
});
