const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Writes docs/proxies.md from what the proofs have left in .cache/proof, when all of them have run and nothing was left
 * out: a table of half a run would say less than the one that is there.
 */
class ProofReporter {
  constructor({ rootDir, testNamePattern }) {
    this.root = rootDir;
    this.whole = !testNamePattern;
  }

  onRunComplete(_contexts, { testResults, startTime }) {
    const proofs = filesUnder(join(this.root, 'test/proxies')).filter((name) => name.endsWith('.real.test.ts'));
    const ran = new Set(testResults.map(({ testFilePath }) => testFilePath));
    if (!this.whole || !proofs.every((name) => ran.has(name))) return;
    const records = recordsSince(join(this.root, '.cache/proof'), startTime);
    if (records.length > 0) writeFileSync(join(this.root, 'docs/proxies.md'), page(records));
  }
}

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, path, name }) => join(parentPath ?? path, name));

/** Those of an earlier run may be of proxies that are no longer proven. */
function recordsSince(folder, time) {
  if (!existsSync(folder)) return [];
  return filesUnder(folder)
    .map((name) => JSON.parse(readFileSync(name, 'utf8')))
    .filter(({ at }) => at >= time);
}

/** The page: the same for the same results, whatever the machine and the day. */
function page(records) {
  const order = ['nginx', 'haproxy', 'caddy', 'apache2', 'varnish'];
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const base = ({ proxy }) => proxy.replace(/^newer /, '');
  const sorted = [...records].sort(
    (a, b) => rank(base(a)) - rank(base(b)) || base(a).localeCompare(base(b)) || a.proxy.length - b.proxy.length,
  );
  const proofs = sorted.filter(({ checks }) => checks);
  const breakages = sorted.filter(({ breakages }) => breakages);
  const promises = proofs[0]?.checks ?? [];
  return `${[
    '# Proxies, proven',
    '',
    'Written by the test run: each row is a real program with the files of `nginx/` or `proxies/`, unchanged but for ports,',
    'names and the certificate, in front of two replicas on a Redis. Delays and durations of the last run, which say as',
    'much about the machine, are in `.cache/proof/`.',
    '',
    ...table(
      ['proxy', 'HTTP', ...promises.map(({ name }) => name)],
      proofs.map((proof) => [
        title(proof),
        (proof.ways ?? []).map((way) => way.replace('HTTP/', '').replace(' over', '')).join(', ') || '–',
        ...promises.map(({ name }) => (proof.checks.find((one) => one.name === name)?.held ? '✓' : '✗')),
      ]),
    ),
    '',
    ...promises.map(({ name, promise }) => `- **${name}**: ${promise}`),
    '',
    '## Good to know',
    '',
    ...notes(proofs),
    '',
    '## Broken on purpose',
    '',
    'The same proof with one thing broken in the files: the check that has to fail then, and does, for that reason. A dash',
    'is where the proxy cannot be broken that way, or where it was not tried.',
    '',
    ...matrix(breakages.filter(isAlone)),
    '',
    ...breakages
      .filter((record) => !isAlone(record))
      .flatMap(({ proxy, breakages: some }) => some.map((one) => `- ${proxy}, ${one.what}: ${finding(one)}`)),
  ].join('\n')}\n`;
}

/** Each link of a chain with its version. */
function title({ proxy, version = '' }) {
  const versions = version.split(' behind ');
  return proxy
    .split(' behind ')
    .map((name, index) => `${name.replace(/^newer /, '')} ${versions[index] ?? ''}`.trim())
    .join(' behind ');
}

function notes(proofs) {
  return proofs.flatMap((proof) => [
    ...((proof.noticesLeaversLate ?? []).length > 0
      ? [
          `- ${title(proof)} notices that a client has left when it writes to it: at the next heartbeat, if not before (${proof.noticesLeaversLate.join(', ')}).`,
        ]
      : []),
    ...(proof.noticesDrainsLate
      ? [
          `- ${title(proof)} does not ask the next replica when one turns a stream away: its health check notices a drain.`,
        ]
      : []),
  ]);
}

/** Not a link of a chain. */
const isAlone = ({ proxy }) => !proxy.includes(' behind ');

const finding = ({ by, noticed }) => (noticed ? by : `✗ not noticed by ${by}`);

function matrix(records) {
  const whats = [...new Set(records.flatMap(({ breakages }) => breakages.map(({ what }) => what)))];
  const proxies = [...new Set(records.map(({ proxy }) => proxy.replace(/^newer /, '')))];
  const cell = (what, proxy) => {
    const found = records
      .filter((record) => record.proxy.replace(/^newer /, '') === proxy)
      .flatMap(({ breakages }) => breakages)
      .filter((one) => one.what === what);
    return [...new Set(found.map(finding))].join(', ') || '–';
  };
  return table(
    ['broken', ...proxies],
    whats.map((what) => [what, ...proxies.map((proxy) => cell(what, proxy))]),
  );
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)];

module.exports = ProofReporter;
module.exports.page = page;
