// Makes a fresh clone runnable. Plain JavaScript with nothing but Node's own modules: it runs before anything is there.
//   node bin/install-missing.mjs            npm packages
//   node bin/install-missing.mjs --system   and the system packages that the tests of `npm test` talk to
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Program to look for → Debian packages that have it. The compiler is for the load of the benchmark that guards speed. */
const systemPrograms = {
  nginx: 'nginx',
  haproxy: 'haproxy',
  caddy: 'caddy',
  apache2: 'apache2',
  varnishd: 'varnish',
  hitch: 'hitch',
  'redis-server': 'redis-server',
  curl: 'curl',
  openssl: 'openssl',
  cc: 'gcc libc6-dev',
};

/**
 * Newer proxies than a stable system has: the shipped files are for both ages. A curl that speaks HTTP/3, and kubectl.
 * Suite → program → Debian package; unpacked here, not installed. Forky has no Varnish any more.
 */
const newerPrograms = {
  forky: { nginx: 'nginx', haproxy: 'haproxy', caddy: 'caddy', curl: 'curl', kubectl: 'kubernetes-client' },
  trixie: { varnishd: 'varnish', varnishadm: 'varnish', varnishncsa: 'varnish' },
};

function installNpmPackages() {
  const installed = `${root}node_modules/.package-lock.json`;
  const current = existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
  if (current) return;
  console.error('installing npm packages …');
  // through the npm that runs this script, where there is one: on Windows a bare "npm" is no program
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm];
  execFileSync(command, [...args, 'ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function installSystemPackages() {
  const missing = Object.entries(systemPrograms)
    .filter(([program]) => !onPath(program))
    .flatMap(([, names]) => names.split(' '));
  if (missing.length === 0) return;
  const admin = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = spawnSync('apt-get', ['--version']).status === 0;
  const allowed = admin.length === 0 || spawnSync('sudo', ['-n', 'true']).status === 0;
  if (!apt || !allowed) {
    console.error(
      `the tests need ${missing.join(', ')}; install ${missing.length > 1 ? 'them' : 'it'} and run npm test again, or run npm run check, which needs nothing`,
    );
    process.exit(1);
  }
  console.error(`installing ${missing.join(', ')} …`);
  withoutStartingServices(admin, () => {
    run([...admin, 'apt-get', '-qq', 'update']);
    run([
      ...admin,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-qq',
      '-y',
      'install',
      '--no-install-recommends',
      ...missing,
    ]);
  });
}

function unpackNewer([suite, programs]) {
  const folder = `.cache/suites/${suite}`;
  if (Object.keys(programs).every((program) => existsSync(`${root}${folder}/bin/${program}`))) return;
  console.error(`unpacking ${Object.keys(programs).join(', ')} of Debian ${suite} into ${folder} …`);
  const pairs = Object.entries(programs).map(([program, name]) => `${program}=${name}`);
  const { status } = spawnSync('bash', [`${root}test/support/unpack-suite.sh`, folder, suite, ...pairs], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0)
    console.error(`could not: the tests with newer proxies will fail; npm run check needs none of this`);
}

/** Debian starts what it installs; the tests start their own. policy-rc.d(8) 101 forbids it for the moment. */
function withoutStartingServices(admin, action) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = admin.length === 0 && !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    action();
  } finally {
    if (ours && readFileSync(policy, 'utf8').includes('exit 101')) rmSync(policy);
  }
}

function run([command, ...args]) {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function onPath(program) {
  const folders = `${process.env.PATH}:/usr/sbin:/usr/local/sbin:/sbin`.split(':');
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

installNpmPackages();
if (process.argv.includes('--system')) {
  installSystemPackages();
  for (const suite of Object.entries(newerPrograms)) unpackNewer(suite);
}
