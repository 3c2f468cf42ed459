import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StreamPolicy } from '../../lib/policy/index.ts';
import { apacheFiles } from '../../lib/targets/apache/files.ts';
import { certificateFiles } from '../support/certificate.ts';
import { freePort, type Program, startProgram, temporaryFolder } from '../support/programs.ts';
import { type Mutation, type ProxyDriver, pathWithSbin, versionOf } from './driver.ts';

const run = promisify(execFile);

interface Site {
  readonly folder: string;
  readonly config: string;
  readonly port: number;
  readonly tlsPort: number;
}

/** The rendered files, but for ports, the certificate and paths that any account may write to. */
async function siteOf(replicas: readonly [number, number], policy: StreamPolicy, mutate: Mutation): Promise<Site> {
  const folder = temporaryFolder();
  // its workers run as www-data and read the refusal
  chmodSync(folder, 0o755);
  const [port, tlsPort] = await Promise.all([freePort(), freePort()]);
  const { certFile, keyFile } = certificateFiles();
  for (const [name, text] of Object.entries(apacheFiles(policy))) {
    const ours = text
      .replace('Listen 80\n', `Listen 127.0.0.1:${port}\nDefaultRuntimeDir ${folder}\n`)
      .replace('Listen 443\n', `Listen 127.0.0.1:${tlsPort}\n`)
      .replace('*:80>', `*:${port}>`)
      .replace('*:443>', `*:${tlsPort}>`)
      .replace('/etc/apache2/sse.example.com.pem', certFile)
      .replace('/etc/apache2/sse.example.com.key', keyFile)
      .replaceAll('/etc/apache2/sse-kit', folder)
      .replaceAll('/var/log/apache2', folder)
      .replace('/run/apache2.pid', join(folder, 'apache.pid'))
      .replace('shmcb:/run', `shmcb:${folder}`)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${replicas[0]}`)
      .replaceAll('127.0.0.1:8082', `127.0.0.1:${replicas[1]}`);
    writeFileSync(join(folder, name), mutate(ours));
  }
  return { folder, config: join(folder, 'httpd.conf'), port, tlsPort };
}

/** A real Apache httpd with its event MPM. */
export const apacheDriver = (command = 'apache2'): ProxyDriver => ({
  name: command,
  version: () => versionOf(command, '-v'),
  start: async (replicas, policy, mutate = (text) => text) => {
    const { folder, config, port, tlsPort } = await siteOf(replicas, policy, mutate);
    const errors = join(folder, 'error.log');
    const log = join(folder, 'sse-kit.log');
    const program = startProgram(command, ['-f', config, '-DFOREGROUND']);
    await resumed(program, errors, 1);
    const [plain, secure] = [`http://127.0.0.1:${port}`, `https://127.0.0.1:${tlsPort}`];
    return {
      url: plain,
      ways: [
        { name: 'HTTP/1.1', url: plain, http2: false, noticesLeaversLate: true },
        { name: 'HTTP/1.1 over TLS', url: secure, http2: false, noticesLeaversLate: true },
        { name: 'HTTP/2 over TLS', url: secure, http2: true, noticesLeaversLate: true },
      ],
      reload: async () => {
        const before = starts(errors);
        program.signal('SIGUSR1');
        await resumed(program, errors, before + 1);
      },
      noticesDrainsLate: true,
      log: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    };
  },
  validate: async (policy, mutate = (text) => text) => {
    const { config } = await siteOf([8081, 8082], policy, mutate);
    await run(command, ['-t', '-f', config], { env: pathWithSbin });
  },
});

/** How often it has taken a configuration: it says so in its log of errors. */
const starts = (errors: string): number =>
  existsSync(errors) ? readFileSync(errors, 'utf8').split('resuming normal operations').length - 1 : 0;

async function resumed({ exited }: Program, errors: string, times: number): Promise<void> {
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  while (starts(errors) < times) {
    if (ended)
      throw new Error(`it ended before it was ready:\n${existsSync(errors) ? readFileSync(errors, 'utf8') : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
