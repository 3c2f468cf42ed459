import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { report } from '../../lib/cli/check.ts';
import { proxies } from '../../lib/config/sections/proxies.ts';
import { brokenHops, withDefaults } from '../../lib/docs/broken-examples.ts';
import { defaults, definePolicy, hopRules, policyRules } from '../../lib/policy/index.ts';
import { edges, targets } from '../../lib/targets/index.ts';
import { Bench } from './run.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.remove());

/** Everything the kit can render is in use, but for the edges: a cluster has one. */
const everywhere = {
  proxies: { use: [...proxies] },
  aws: { edge: 'cloudfront' },
  kubernetes: { edge: 'ingress-nginx' },
};

const inUseEverywhere = targets.filter(
  (target) => !Object.values(edges).some((edge) => edge === target && edge !== edges['ingress-nginx']),
);

const offline = { aws: { enabled: false }, kubernetes: { enabled: false } };

/** The cells of a printed table's row, by what its line begins with. */
const row = (out: string, ...start: readonly string[]): readonly string[] =>
  out
    .split('\n')
    .map((line) => line.split(/ {2,}/))
    .find((cells) => start.every((cell, at) => cells[at] === cell)) ?? [];

describe('check', () => {
  test('shows the numbers of every hop in use, and how the vendor spells them', async () => {
    bench.configure(everywhere);

    const { status, out, err } = await bench.run('check');

    expect([status, err]).toEqual([0, '']);
    expect(row(out, 'nginx', 'idle timer')).toEqual([
      'nginx',
      'idle timer',
      '60 s',
      expect.stringMatching(/^proxy_read_timeout 60s \(sse-kit\.location\.conf:\d+\)$/),
    ]);
    expect(row(out, 'alb', 'affinity')[2]).toBe('AWSALB, 3600 s');
    expect(row(out, 'service', 'keeps connections')).toEqual([
      'service',
      'keeps connections',
      '125 s',
      'keepAliveTimeout 125000 ms',
    ]);
    expect(inUseEverywhere.filter(({ id }) => row(out, id).length === 0).map(({ id }) => id)).toEqual([]);
  });

  test('judges every rule, and says where it holds or why it does not apply', async () => {
    bench.configure(everywhere);

    const { out } = await bench.run('check');
    const ids = [...policyRules, ...inUseEverywhere.flatMap(({ limits }) => limits), ...hopRules].map(({ id }) => id);

    expect(ids.filter((id) => row(out, id).length !== 3)).toEqual([]);
    expect(row(out, 'heartbeat-outpaces-idle')).toEqual(['heartbeat-outpaces-idle', 'holds', 'policy']);
    expect(row(out, 'drain-fits-the-deadline')).toEqual(['drain-fits-the-deadline', 'holds', 'ecs, kubernetes']);
    expect(row(out, 'scale-in-waits-for-streams').slice(1)).toEqual(['holds', expect.stringContaining('kubernetes')]);
    expect(out.trimEnd().split('\n').at(-1)).toBe(
      `${ids.length} rules hold, 0 broken, 0 not applicable to any hop in use`,
    );
  });

  test('leaves out what is not in use', async () => {
    bench.configure(offline);

    const { out } = await bench.run('check');

    expect(row(out, 'alb')).toEqual([]);
    expect(row(out, 'ecs-stop-timeout')).toEqual([]);
    expect(row(out, 'idle-timer-outlasts-silence')[2]).toBe('nginx, service');
  });

  test('gives the same as data', async () => {
    bench.configure(offline);

    const { policy, hops, rules, summary } = JSON.parse((await bench.run('check', '--json')).out);

    expect(policy).toEqual(defaults);
    expect(hops.map(({ hop }: { hop: string }) => hop)).toEqual(['nginx', 'service']);
    expect(hops[1].facts[0]).toEqual({ fact: 'idleTimers', value: 'unlimited', setting: 'connectionTimeout 0 ms' });
    expect(rules).toContainEqual({ id: 'stickiness-within-age', scope: 'policy', verdict: 'holds' });
    expect(rules).toContainEqual({ id: 'nginx-ports-per-replica', scope: 'limit', hop: 'nginx', verdict: 'holds' });
    expect(rules).toContainEqual({
      id: 'stream-headers',
      scope: 'hop',
      hop: 'nginx',
      verdict: 'not-applicable',
      because: 'does not originate the response',
    });
    expect(summary.broken).toBe(0);
  });

  test('fails with 1 when a hop breaks a rule, and puts the message below it', () => {
    const hop = brokenHops['idle-timer-outlasts-silence'] ?? { target: 'none' };

    const healthy = targets.filter((target) => target.limitFaults(defaults).length === 0);
    const { status, text, data } = report(withDefaults(), [hop, ...healthy.map((target) => target.hop(defaults))]);

    expect(status).toBe(1);
    expect(text).toMatch(
      /idle-timer-outlasts-silence {2,}broken {2,}haproxy\n {2,}haproxy: timeout server 50s at haproxy\.cfg:12 must be at least idleSeconds \(60\); raise it to 60 s\n/,
    );
    expect(data).toMatchObject({ summary: { broken: 1 } });
  });

  test('fails with the broken rule of a policy that was made without definePolicy', () => {
    const { status, text } = report(withDefaults({ heartbeatSeconds: 30 }), []);

    expect(status).toBe(1);
    expect(text).toContain('raise idleSeconds to 95');
  });

  test('names every fact that a hop can have', () => {
    const { text } = report(
      definePolicy(),
      Object.values(brokenHops).map((hop) => ({ ...hop, target: 'foreign' })),
    );
    const values = text.split('\n\n')[0]?.match(/^foreign .+$/gm) ?? [];

    expect(values.map((line) => line.split(/ {2,}/).slice(1, 3).join(': '))).toMatchInlineSnapshot(`
[
  "idle timer: 50 s",
  "duration cap: 15 s",
  "buffers: yes",
  "compresses: yes",
  "caches: yes",
  "response headers: 1 headers",
  "pool keeps idle: 3600 s",
  "keeps connections: 5 s",
  "streams at most: 1024",
  "streams per connection: 8",
  "affinity: AWSALB, 86400 s",
  "refusals: fatal",
  "logs the query: yes",
  "propagation: 0 s",
  "stop to kill: 30 s",
  "reload window: 10 s",
  "history: 60 s, before notice",
  "subscriber buffer: 1048576 bytes",
  "evicts history: yes",
  "scale-in: 300 s, one per 15 s",
]
`);
  });
});

describe('render', () => {
  test('prints a target behind a line that names the file', async () => {
    const { status, out, err } = await bench.run('render', 'ecs');

    expect([status, err]).toEqual([0, '']);
    expect(out).toBe(`# ==> ecs/ecs.yaml <==\n${targets.find(({ id }) => id === 'ecs')?.files(defaults)['ecs.yaml']}`);
  });

  test('prints all that is in use', async () => {
    bench.configure(offline);

    const { out } = await bench.run('render', 'all');

    expect(out.match(/^# ==> .+ <==$/gm)).toEqual([
      '# ==> nginx/sse-kit.http.conf <==',
      '# ==> nginx/sse-kit.location.conf <==',
      '# ==> nginx/example.conf <==',
      '# ==> service/service.yaml <==',
    ]);
  });

  test('writes files in a folder for each target, and prints their paths', async () => {
    bench.configure({ ...offline, policy: { idleSeconds: 90 } });

    const { status, out } = await bench.run('render', 'all', '--out', 'build/conf');

    expect(status).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      'build/conf/nginx/sse-kit.http.conf',
      'build/conf/nginx/sse-kit.location.conf',
      'build/conf/nginx/example.conf',
      'build/conf/service/service.yaml',
    ]);
    for (const path of out.trimEnd().split('\n'))
      expect(readFileSync(join(bench.folder, path), 'utf8')).toContain('Rendered from the stream policy');
    expect(readFileSync(join(bench.folder, 'build/conf/nginx/sse-kit.location.conf'), 'utf8')).toContain(
      'proxy_read_timeout 90s;',
    );
  });

  test('renders a target that is not in use when it is asked for by name', async () => {
    bench.configure(offline);

    expect((await bench.run('render', 'alb')).out).toContain('idle_timeout.timeout_seconds: "60"');
  });

  test.each([
    ['compose', ['compose/compose.yaml'], 'nofile: 86400'],
    [
      'observability',
      ['observability/sse-kit-dashboard.json', 'observability/alerts.yaml', 'observability/prometheus-adapter.yaml'],
      'sse_streams_active > 13760',
    ],
  ])('renders %s, which no stream passes through, with the numbers of the policy', async (id, paths, number) => {
    bench.configure({ ...offline, policy: { maxStreams: 17_200 } });
    const { files } = JSON.parse((await bench.run('render', id, '--json')).out);

    expect(files.map(({ path }: { path: string }) => path)).toEqual(paths);
    expect(files.map(({ text }: { text: string }) => text).join('')).toContain(number);
  });

  test('fails when a target that is not in use cannot express the policy, and writes nothing', async () => {
    bench.configure({ ...offline, policy: { drainSeconds: 300 } });

    const { status, out, err } = await bench.run('render', 'ecs', '--out', 'out');

    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(
      /^AWS ECS \(Fargate\) cannot express the policy:\n {2}drainSeconds \(300\) .+ \[ecs-stop-timeout\]\n$/,
    );
    expect(existsSync(join(bench.folder, 'out'))).toBe(false);
  });

  test('gives the files, or the paths, as data', async () => {
    bench.configure(offline);
    const printed = JSON.parse((await bench.run('render', 'service', '--json')).out);
    const written = JSON.parse((await bench.run('--json', 'render', 'service', '--out', 'out')).out);

    expect(printed).toEqual({
      files: [{ path: 'service/service.yaml', text: expect.stringContaining('keepAliveTimeout: 125000') }],
    });
    expect(written).toEqual({ written: ['out/service/service.yaml'] });
    expect(readdirSync(join(bench.folder, 'out'))).toEqual(['service']);
  });
});

describe('targets', () => {
  test('lists what there is, and what is in use', async () => {
    bench.configure(offline);

    const { status, out, err } = await bench.run('targets');

    expect([status, err]).toEqual([0, '']);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['ID', ...targets.map(({ id }) => id)]);
    expect(row(out, 'ID')).toEqual(['ID', 'TITLE', 'IN USE', 'POLICY FIELDS', 'LIMITS']);
    expect(row(out, 'nginx')).toEqual(['nginx', 'nginx', 'yes', '8 of 18', '1']);
    expect(row(out, 'ecs')).toEqual(['ecs', 'AWS ECS (Fargate)', 'no', '2 of 18', '2']);
  });

  test('tells with --json where every policy field goes, or why it does not', async () => {
    bench.configure(everywhere);

    const { targets: listed } = JSON.parse((await bench.run('targets', '--json')).out);

    expect(listed).toEqual(
      targets.map((target) => ({
        id: target.id,
        title: target.title,
        inUse: inUseEverywhere.includes(target),
        coverage: target.coverage,
        limits: target.limits.map((limit) => limit.id),
      })),
    );
  });
});
