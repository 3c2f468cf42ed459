import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StreamPolicy } from '../../lib/policy/index.ts';
import { varnishFiles } from '../../lib/targets/varnish/files.ts';
import { createCertificate } from '../support/certificate.ts';
import { freePort, newer, startProgram, suiteFolder, temporaryFolder } from '../support/programs.ts';
import { type Mutation, type ProxyDriver, pathWithSbin, versionOf } from './driver.ts';
import { eventually } from './stage.ts';

const run = promisify(execFile);

interface Site {
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly log: string;
}

/** The rendered files, but for ports, the certificate and paths that any account may write to. */
async function siteOf(replicas: readonly [number, number], policy: StreamPolicy, mutate: Mutation): Promise<Site> {
  const folder = temporaryFolder();
  const [port, tlsPort, decrypted] = await Promise.all([freePort(), freePort(), freePort()]);
  const { cert, key } = createCertificate();
  const [pem, log] = [join(folder, 'sse.example.com.pem'), join(folder, 'access.log')];
  writeFileSync(pem, key + cert);
  for (const [name, text] of Object.entries(varnishFiles(policy))) {
    const ours = text
      .replaceAll('/etc/varnish/default.vcl', join(folder, 'example.vcl'))
      .replaceAll('/etc/varnish', folder)
      .replace('/etc/hitch/sse.example.com.pem', pem)
      .replace('/var/log/varnish/sse-kit.log', log)
      .replace('"[*]:443"', `"[127.0.0.1]:${tlsPort}"`)
      .replace('[127.0.0.1]:8443', `[127.0.0.1]:${decrypted}`)
      .replace('127.0.0.1:8443', `127.0.0.1:${decrypted}`)
      .replace('-a :80 ', `-a 127.0.0.1:${port} -n ${folder}/work `)
      // what needs an account of its own, a fixed port, or a service manager
      .replace('-j unix,user=vcache', '-j none')
      .replace(`-T localhost:6082 -S ${folder}/secret `, '')
      .replace('-D -P /run/varnishncsa/varnishncsa.pid', `-n ${folder}/work`)
      .replace('"127.0.0.1";\n    .port = "8081"', `"127.0.0.1";\n    .port = "${replicas[0]}"`)
      .replace('"127.0.0.1";\n    .port = "8082"', `"127.0.0.1";\n    .port = "${replicas[1]}"`);
    writeFileSync(join(folder, name), mutate(ours));
  }
  return { folder, port, tlsPort, log };
}

/** The command of a unit, as systemd takes it apart. */
function commandOf(folder: string, unit: string): readonly [string, readonly string[]] {
  const lines = readFileSync(join(folder, unit), 'utf8').split('\n');
  const started = lines
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll('\\\n', ' ');
  const [, text = ''] = /^ExecStart=(\S.*)$/m.exec(started) ?? [];
  const words = [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, literal, word]) => literal ?? word ?? '');
  const [command = '', ...args] = words.map((word) => word.replaceAll('%%', '%'));
  return [command.split('/').at(-1) ?? '', args];
}

const inSuite = (suite: string | undefined, program: string): string =>
  suite === undefined ? program : newer(program, suite);

/** Its modules are not where it looks for them. */
function modulesOf(suite: string | undefined): readonly string[] {
  if (suite === undefined) return [];
  const libraries = join(suiteFolder(suite), 'root/usr/lib');
  const [machine = ''] = readdirSync(libraries).filter((name) => name.endsWith('-linux-gnu'));
  return ['-p', `vmod_path=${join(libraries, machine, 'varnish/vmods')}`];
}

/** A line that is a comment, because only some versions take it. */
const withTransitBuffer: Mutation = (text) => text.replace('# set beresp.transit_buffer', 'set beresp.transit_buffer');

/** A real Varnish, installed or of a suite from 7.3 on, with Hitch in front for TLS, and the program that writes its log. */
export const varnishDriver = (suite?: string, name = 'varnish'): ProxyDriver => ({
  name,
  version: () => versionOf(inSuite(suite, 'varnishd'), '-V'),
  start: async (replicas, policy, mutate = (text) => text) => {
    const ofAge: Mutation = (text) => mutate(suite === undefined ? text : withTransitBuffer(text));
    const { folder, port, tlsPort, log } = await siteOf(replicas, policy, ofAge);
    const [varnishd, args] = commandOf(folder, 'sse-kit.varnish.conf');
    const varnish = startProgram(inSuite(suite, varnishd), [...args, ...modulesOf(suite)]);
    await varnish.prints(/Child starts/);
    const [varnishncsa, logArgs] = commandOf(folder, 'sse-kit.varnishncsa.conf');
    startProgram(inSuite(suite, varnishncsa), logArgs);
    const user = process.getuid?.() === 0 ? ['--user=nobody'] : [];
    const hitch = startProgram('hitch', [`--config=${join(folder, 'hitch.conf')}`, ...user]);
    await hitch.prints(/initialization complete/);
    await eventually(async () => existsSync(log));
    const admin = (...command: readonly string[]) =>
      run(inSuite(suite, 'varnishadm'), ['-n', join(folder, 'work'), ...command]);
    let loads = 0;
    const [plain, secure] = [`http://127.0.0.1:${port}`, `https://127.0.0.1:${tlsPort}`];
    return {
      url: plain,
      ways: [
        { name: 'HTTP/1.1', url: plain, http2: false, noticesLeaversLate: true },
        { name: 'HTTP/1.1 over TLS', url: secure, http2: false, noticesLeaversLate: true },
        { name: 'HTTP/2', url: plain, http2: true, noticesLeaversLate: true },
        { name: 'HTTP/2 over TLS', url: secure, http2: true, noticesLeaversLate: true },
      ],
      // as varnishreload does it
      reload: async () => {
        const [before, name] = [loads === 0 ? 'boot' : `reload${loads}`, `reload${++loads}`];
        await admin('vcl.load', name, join(folder, 'example.vcl'));
        await admin('vcl.use', name);
        await admin('vcl.discard', before);
      },
      log: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    };
  },
  validate: async (policy, mutate = (text) => text) => {
    const { folder } = await siteOf([8081, 8082], policy, mutate);
    const [command, args] = commandOf(folder, 'sse-kit.varnish.conf');
    const all = ['-C', ...args.filter((arg) => arg !== '-F'), ...modulesOf(suite)];
    await run(inSuite(suite, command), all, { env: pathWithSbin, maxBuffer: 1e7 });
    await run('hitch', ['--test', `--config=${join(folder, 'hitch.conf')}`], { env: pathWithSbin });
  },
});
