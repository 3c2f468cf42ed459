import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StreamPolicy } from '../../lib/policy/index.ts';
import { varnishFiles } from '../../lib/targets/varnish/files.ts';
import { createCertificate } from '../support/certificate.ts';
import { freePort, startProgram, temporaryFolder } from '../support/programs.ts';
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

/** A real Varnish with Hitch in front for TLS, and the program that writes its access log. */
export const varnishDriver = (): ProxyDriver => ({
  name: 'varnish',
  version: () => versionOf('varnishd', '-V'),
  start: async (replicas, policy, mutate = (text) => text) => {
    const { folder, port, tlsPort, log } = await siteOf(replicas, policy, mutate);
    const varnish = startProgram(...commandOf(folder, 'sse-kit.varnish.conf'));
    await varnish.prints(/Child starts/);
    startProgram(...commandOf(folder, 'sse-kit.varnishncsa.conf'));
    const user = process.getuid?.() === 0 ? ['--user=nobody'] : [];
    const hitch = startProgram('hitch', [`--config=${join(folder, 'hitch.conf')}`, ...user]);
    await hitch.prints(/initialization complete/);
    await eventually(async () => existsSync(log));
    const admin = (...command: readonly string[]) => run('varnishadm', ['-n', join(folder, 'work'), ...command]);
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
    await run(command, ['-C', ...args.filter((arg) => arg !== '-F')], { env: pathWithSbin, maxBuffer: 1e7 });
    await run('hitch', ['--test', `--config=${join(folder, 'hitch.conf')}`], { env: pathWithSbin });
  },
});
