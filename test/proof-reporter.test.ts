import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ProofReporter from './proof-reporter.cjs';

const { page } = ProofReporter;

const checks = [
  { name: 'validity', promise: 'accepts its files', held: true },
  { name: 'outage', promise: 'keeps an EventSource alive without any replica', held: false },
];
const records = [
  { proxy: 'newer nginx', version: '1.30.6', ways: ['HTTP/1.1', 'HTTP/2 over TLS'], checks },
  { proxy: 'nginx', version: '1.22.1', ways: ['HTTP/1.1'], noticesLeaversLate: ['HTTP/1.1'], checks },
  { proxy: 'haproxy', checks: [] },
  { proxy: 'nginx behind haproxy', version: '1.22.1 behind 2.6.12', ways: ['HTTP/2'], checks },
  { proxy: 'nginx', breakages: [{ what: 'no soft-fail', by: 'outage', noticed: true }] },
  { proxy: 'nginx behind haproxy', breakages: [{ what: 'one answer', by: 'promptness', noticed: true }] },
  { proxy: 'haproxy', breakages: [{ what: 'buffering on', by: 'promptness', noticed: false }] },
];

test('the page shows what held and what did not, in an order of its own', () => {
  const rows = page(records)
    .split('\n')
    .filter((line) => line.startsWith('|') || line.startsWith('- '));

  expect(rows).toMatchInlineSnapshot(`
[
  "| proxy | HTTP | validity | outage |",
  "| --- | --- | --- | --- |",
  "| nginx 1.22.1 | 1.1 | ✓ | ✗ |",
  "| nginx 1.30.6 | 1.1, 2 TLS | ✓ | ✗ |",
  "| haproxy | – | ✗ | ✗ |",
  "| nginx 1.22.1 behind haproxy 2.6.12 | 2 | ✓ | ✗ |",
  "- **validity**: accepts its files",
  "- **outage**: keeps an EventSource alive without any replica",
  "- nginx 1.22.1 notices that a client has left when it writes to it: at the next heartbeat, if not before (HTTP/1.1).",
  "| broken | nginx | haproxy |",
  "| --- | --- | --- |",
  "| no soft-fail | outage | – |",
  "| buffering on | – | ✗ not noticed by promptness |",
  "- nginx behind haproxy, one answer: promptness",
]
`);
});

describe('a run', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sse-kit-'));
    for (const folder of ['test/proxies', 'docs', '.cache/proof']) mkdirSync(join(root, folder), { recursive: true });
    for (const name of ['nginx', 'haproxy']) writeFileSync(join(root, `test/proxies/${name}.real.test.ts`), '');
    writeFileSync(join(root, 'docs/proxies.md'), 'as it was');
    for (const [index, record] of records.entries())
      writeFileSync(join(root, `.cache/proof/${index}.json`), JSON.stringify({ at: 1000 + index, ...record }));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const pageAfter = (files: readonly string[], startTime: number, testNamePattern = ''): string => {
    const testResults = files.map((name) => ({ testFilePath: join(root, `test/proxies/${name}.real.test.ts`) }));
    new ProofReporter({ rootDir: root, testNamePattern }).onRunComplete(undefined, { testResults, startTime });
    return readFileSync(join(root, 'docs/proxies.md'), 'utf8');
  };

  test('of all proofs writes the page', () => {
    expect(pageAfter(['nginx', 'haproxy'], 1000)).toBe(page(records));
  });

  test('leaves out what an earlier one has left', () => {
    expect(pageAfter(['nginx', 'haproxy'], 1001)).toBe(page(records.slice(1)));
  });

  test('of one file, or of some tests, leaves the page as it is', () => {
    expect(pageAfter(['nginx'], 1000)).toBe('as it was');
    expect(pageAfter(['nginx', 'haproxy'], 1000, 'outage')).toBe('as it was');
  });
});
