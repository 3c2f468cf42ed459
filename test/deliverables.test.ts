import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sections } from '../lib/config/schema.ts';
import { configPage } from '../lib/docs/config-page.ts';
import { deliverables } from '../lib/docs/deliverables.ts';
import { migrationPage } from '../lib/docs/migration-page.ts';
import { policyTable, withPolicyTable } from '../lib/docs/policy-table.ts';
import { rulesPage } from '../lib/docs/rules-page.ts';
import { fieldNames, hopRules, policyRules } from '../lib/policy/index.ts';
import { edges, targets, vendorChecks } from '../lib/targets/index.ts';

const root = join(__dirname, '..');

const committed = (path: string): string =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '';

const rendered = deliverables(committed('README.md'));

const advice = 'is not what the policy renders; run `npm run render` and commit what it changes';

test.each(Object.entries(rendered))('%s is what `npm run render` writes', (path, text) => {
  // the advice is part of what is compared, because it is what a failure shows
  const state = committed(path) === text ? `${path} is up to date` : `${path} ${advice}`;

  expect(state).toBe(`${path} is up to date`);
});

test('these files are rendered', () => {
  expect(Object.keys(deliverables())).toEqual([
    'nginx/sse-kit.http.conf',
    'nginx/sse-kit.location.conf',
    'nginx/example.conf',
    'proxies/haproxy/sse-kit.cfg',
    'proxies/haproxy/example.cfg',
    'proxies/caddy/sse-kit.caddy',
    'proxies/caddy/sse-kit.log.caddy',
    'proxies/caddy/Caddyfile',
    'proxies/caddy/sse-kit.service.conf',
    'proxies/apache/sse-kit.conf',
    'proxies/apache/sse-kit.vhost.conf',
    'proxies/apache/sse-kit.refusal.asis',
    'proxies/apache/sse-kit.retry.txt',
    'proxies/apache/httpd.conf',
    'proxies/envoy/envoy.yaml',
    'proxies/envoy/start-envoy.sh',
    'proxies/envoy/sse-kit.service.conf',
    'proxies/varnish/sse-kit.vcl',
    'proxies/varnish/example.vcl',
    'proxies/varnish/sse-kit.varnish.conf',
    'proxies/varnish/sse-kit.sysctl.conf',
    'proxies/varnish/sse-kit.varnishncsa.conf',
    'proxies/varnish/hitch.conf',
    'proxies/traefik/sse-kit.yaml',
    'proxies/traefik/traefik.yaml',
    'proxies/traefik/sse-kit.service.conf',
    'proxies/cloudflare/cloudflare.yaml',
    'proxies/cloudflare/cache-rule.json',
    'proxies/cloudflare/compression-rule.json',
    'proxies/cloudflare/worker.js',
    'proxies/cloudfront/distribution.yaml',
    'proxies/cloudfront/soft-fail.js.txt',
    'compose.yaml',
    ...Object.keys(edges).map((id) => `k8s/edges/${id}.yaml`),
    'k8s/observability/sse-kit-dashboard.json',
    'k8s/observability/alerts.yaml',
    'k8s/observability/prometheus-adapter.yaml',
    'docs/rules.md',
    'docs/configuration.md',
    'docs/cost-aws.md',
    'docs/migrating-from-ingress-nginx.md',
    'sse-kit.schema.json',
  ]);
});

describe('docs/rules.md', () => {
  const page = rulesPage();
  const anchors = [...page.matchAll(/^### (.+)$/gm)].map(([, id]) => id);
  const rules = [...policyRules, ...hopRules, ...targets.flatMap(({ limits }) => limits), ...vendorChecks];

  test('has one anchor for each id that an error can carry', () => {
    const ofValues = ['policy-field', 'policy-json', 'environment', 'config', 'config-json'];
    const ofTemplates = ['elasticache-store', 'known-at-synth'];

    expect([...anchors].sort()).toEqual([...ofValues, ...ofTemplates, ...rules.map(({ id }) => id)].sort());
  });

  test('says why, and from where, for every rule', () => {
    expect(
      rules.filter(({ why, source }) => !page.includes(`- Why: ${why}`) || !page.includes(`- Source: ${source}`)),
    ).toEqual([]);
  });

  test('shows what each rule says when it is broken', () => {
    expect(page.match(/^- Says: `.+`$/gm)).toHaveLength(rules.length);
  });

  test('says how it came to be', () => {
    expect(page.split('\n').slice(0, 3).join('\n')).toContain('Rendered by `npm run render`');
  });
});

describe('docs/configuration.md', () => {
  const page = configPage();

  test('has a row of three cells for every key, those of groups included', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));

    expect(rows.filter((row) => row.split(/(?<!\\)\|/).length !== 5)).toEqual([]);
    expect(page).toContain('| `redis.bundled` | `false` | for development: a single Valkey');
    expect(page).toContain('one of `"hpa"`, `"keda"`, `"none"`');
    for (const name of Object.keys(sections.shape.kubernetes.unwrap().shape)) expect(page).toMatch(`| \`${name}`);
  });
});

describe('docs/migrating-from-ingress-nginx.md', () => {
  const page = migrationPage();
  const others = Object.entries(edges).filter(([name]) => name !== 'ingress-nginx');

  test.each(others)('answers for every annotation on the way to %s', (name, { migration }) => {
    const [, section = ''] = page.split(`\n## ${name}\n`);
    const answered = (section.split('\n## ')[0] ?? '').split('\n');
    const silent = Object.entries(migration).filter(
      ([annotation, successor]) =>
        !answered.some(
          (line) => line.includes(`\`${annotation}\``) && line.includes(barred(Object.values(successor).join())),
        ),
    );

    expect(silent).toEqual([]);
  });

  test('has a row for every edge to choose from, and no row that a bar has broken', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| '));

    expect(page.match(/^\| \[`/gm)).toHaveLength(others.length);
    expect(new Set(rows.map((row) => row.split(/(?<!\\)\|/).length))).toEqual(new Set([4, 7]));
  });
});

const barred = (text: string): string => text.replaceAll('|', '\\|');

describe('ids of rules', () => {
  const sources = [
    'lib/policy/fields.ts',
    'lib/policy/stream-policy.ts',
    'lib/policy/env.ts',
    'lib/config/faults.ts',
    'lib/config/load.ts',
  ];

  test('that are written into errors by hand are on the page too', () => {
    const ids = sources.flatMap((path) => [...committed(path).matchAll(/rule: '([a-z-]+)'/g)].map(([, id]) => id));

    expect([...new Set(ids)].filter((id) => !rulesPage().includes(`### ${id}\n`))).toEqual([]);
    expect(ids.length).toBeGreaterThanOrEqual(sources.length);
  });
});

describe('the policy table', () => {
  test('has a row of four cells for each field', () => {
    const rows = policyTable().split('\n');

    expect(rows.slice(2).map((row) => /^\| `(\w+)`/.exec(row)?.[1])).toEqual(fieldNames);
    expect(rows.filter((row) => row.split(/(?<!\\)\|/).length !== 6)).toEqual([]);
    expect(rows.slice(2, 4)).toMatchInlineSnapshot(`
[
  "| \`heartbeatSeconds\` | \`10\` | 1 to 3600 seconds | a comment line after this much silence |",
  "| \`missedHeartbeats\` | \`3\` | 2 to 10 heartbeats | how many heartbeats a hop must tolerate losing |",
]
`);
  });

  test('stands between its markers and leaves the rest alone', () => {
    const text = 'before\n<!-- policy-table:begin -->\nold\n<!-- policy-table:end -->\nafter\n';

    expect(withPolicyTable(text)).toBe(
      `before\n<!-- policy-table:begin -->\n${policyTable()}\n<!-- policy-table:end -->\nafter\n`,
    );
  });

  test.each(['', 'no markers', '<!-- policy-table:end --> <!-- policy-table:begin -->'])(
    'is left out of "%s"',
    (text) => {
      expect(withPolicyTable(text)).toBeUndefined();
      expect(deliverables(text)).not.toHaveProperty(['README.md']);
    },
  );
});
