import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { Yaml } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { examplePolicy } from '../../lib/targets/expressible.ts';
import { type EdgeId, edges } from '../../lib/targets/index.ts';
import { startDiscovery } from '../support/discovery.ts';
import { newer } from '../support/programs.ts';
import { synth } from './chart.ts';
import { everything, everythingBundled } from './everything.ts';
import { expectValid } from './valid.ts';

const root = resolve(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sse-kit-synth-'));

// Each test starts npx, the CLI and the chart; a busy machine takes its time for that.
jest.setTimeout(60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** The shell of a user who has the given configuration. */
function shellOf(config: object, env: Readonly<Record<string, string>> = {}) {
  const file = join(folder, 'sse-kit.config.json');
  writeFileSync(file, JSON.stringify(config));
  // Without it the CLI asks the network for its newest version first.
  const quiet = { CDK8S_CHECK_UPGRADE: 'false', KUBECONFIG: '/dev/null' };
  return { cwd: root, shell: true, env: { ...process.env, ...quiet, SSE_KIT_CONFIG: file, ...env } };
}

/** Runs a documented command line. */
const run = (command: string, config: object, env: Readonly<Record<string, string>> = {}) =>
  spawnSync(command, { ...shellOf(config, env), encoding: 'utf8' });

/** The same without holding up this process. */
async function running(command: string, config: object) {
  const child = spawn(command, shellOf(config));
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, status };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** A stream of YAML, read as kubectl does: by YAML 1.1, where a bare `off` would be false. */
function manifestsIn(yaml: string): readonly Manifest[] {
  const documents = parseAllDocuments(yaml, { version: '1.1', strict: true });
  if (!Array.isArray(documents)) return [];
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  return documents.map((document) => document.toJS() as Manifest);
}

const kindsIn = (yaml: string): readonly string[] => manifestsIn(yaml).map(({ kind }) => kind);

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
  expect(stdout).toContain('haproxy-ingress.github.io/timeout-server: 60s');
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

describe('the line of the documentation', () => {
  const line = 'npx cdk8s synth -p | kubectl apply -f -';

  const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
  /** Kinds that a cluster has with all that the configuration may ask for. */
  const cluster = [everything, everythingBundled].flatMap((props) => synth(props).all);
  warn.mockRestore();

  /**
   * The line with a kubectl that talks to a server which knows the kinds of a cluster and has none of the objects. The
   * schemas, which it is not asked about, are held against what it was given.
   */
  async function apply(command: string, config: object): Promise<readonly string[]> {
    const discovery = await startDiscovery(cluster);
    const given = join(folder, 'given.yaml');
    const client = `${newer('kubectl')} --server=${discovery.url} --cache-dir=${folder}/cache`;
    // not in this process: the server answers from it
    const { stdout, stderr } = await running(
      command.replace('kubectl apply', `tee ${given} | ${client} apply --dry-run=client --validate=false`),
      config,
    );
    discovery.close();
    expect(stderr.replaceAll(/^npm warn.*\n|^.*SSE_KIT_DEVELOPMENT_STORE.*\n|^\(Use `node.*\n/gm, '')).toBe('');
    expectValid(...manifestsIn(readFileSync(given, 'utf8')));
    return stdout.trimEnd().split('\n');
  }

  test.each([
    ['the defaults', {}, 8],
    ['everything on', everything, 11],
    ['everything on, with a store of its own', everythingBundled, 15],
  ])('gives kubectl what it takes, with %s', async (_, config, count) => {
    const applied = await apply(line, config);

    expect(applied).toHaveLength(count);
    expect(applied.filter((object) => !object.endsWith('(dry run)'))).toEqual([]);
  });

  test.each(Object.keys(edges) as EdgeId[])('gives kubectl what it takes, with the edge %s', async (edge) => {
    const { all } = synth({ policy: examplePolicy(edges[edge]), kubernetes: { edge, tlsSecret: 'certificate' } });
    const file = join(folder, `${edge}.yaml`);
    writeFileSync(file, Yaml.stringify(...all));
    const discovery = await startDiscovery(all);
    const client = `${newer('kubectl')} --server=${discovery.url} --cache-dir=${folder}/${edge}`;
    const { stdout, stderr } = await running(`${client} apply --dry-run=client --validate=false -f ${file}`, {});
    discovery.close();

    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual(all.map(() => expect.stringMatching(/ created \(dry run\)$/)));
  });

  test('works for an app of one’s own with several charts, in namespaces of their own', async () => {
    const applied = await apply(line.replace('-p', "-p --app 'npx tsx test/k8s/foreign/app.ts'"), {});

    expect(applied).toHaveLength(8 + 7 + 1);
    expect(applied).toContain('deployment.apps/live created (dry run)');
    expect(applied).toContain('deployment.apps/demo created (dry run)');
  });

  test('is refused by a kubectl whose cluster does not know a kind', async () => {
    const discovery = await startDiscovery([{ apiVersion: 'v1', kind: 'ConfigMap' }]);
    const client = `${newer('kubectl')} --server=${discovery.url} --cache-dir=${folder}/bare`;
    const { stderr, status } = await running(
      `npx cdk8s synth -p | ${client} apply --dry-run=client --validate=false -f -`,
      {},
    );
    discovery.close();

    expect(stderr).toContain('no matches for kind "Deployment" in version "apps/v1"');
    expect(status).toBe(1);
  });
});

describe('as a Helm chart', () => {
  const line = 'CDK8S_FORMAT=helm CDK8S_CHART_API_VERSION=v2 CDK8S_CHART_VERSION=1.2.3 npx cdk8s synth';
  const config = { kubernetes: { monitoring: { rules: true, dashboard: true } } };

  test('what Helm makes of its templates is what kubectl would be given', () => {
    const { status } = run(`${line} -o ${folder}/helm`, config);
    const template = readFileSync(join(folder, 'helm/templates/app.k8s.yaml'), 'utf8');
    // the only thing for Helm in it: raw strings, which Go prints as they are
    const rendered = template.replaceAll('{{`{{`}}', '{{');

    expect(status).toBe(0);
    expect(template.replaceAll('{{`{{`}}', '')).not.toContain('{{');
    expect(manifestsIn(rendered)).toEqual(manifestsIn(run('npx cdk8s synth -p', config).stdout));
    expect(readFileSync(join(folder, 'helm/Chart.yaml'), 'utf8')).toContain('version: "1.2.3"');
  });
});
