import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StreamPolicy } from '../../lib/policy/index.ts';
import { haproxyFiles } from '../../lib/targets/haproxy/files.ts';
import { createCertificate } from '../support/certificate.ts';
import { freePort, startProgram, temporaryFolder } from '../support/programs.ts';
import { type Mutation, type ProxyDriver, pathWithSbin, versionOf } from './driver.ts';

const run = promisify(execFile);

interface Site {
  readonly args: readonly string[];
  readonly port: number;
  readonly tlsPort: number;
}

/** The rendered files, but for ports and the certificate. */
async function siteOf(
  replicas: readonly [number, number],
  policy: StreamPolicy,
  mutate: Mutation,
  quic: boolean,
): Promise<Site> {
  const folder = temporaryFolder();
  const [port, tlsPort] = await Promise.all([freePort(), freePort()]);
  // HAProxy wants both in one file
  const pem = join(folder, 'sse.example.com.pem');
  const { cert, key } = createCertificate();
  writeFileSync(pem, cert + key);
  const files = Object.entries(haproxyFiles(policy)).map(([name, text]) => {
    const ours = text
      .replace(quic ? /# (bind quic4@:443 .*)\n +# (http-after-response .*)/ : /^$/, '$1\n$2')
      .replace('quic4@:443', `quic4@127.0.0.1:${tlsPort}`)
      .replace('h3=":443"', `h3=":${tlsPort}"`)
      .replace('bind :80\n', `bind 127.0.0.1:${port}\n`)
      .replace('bind :443 ', `bind 127.0.0.1:${tlsPort} `)
      .replaceAll('/etc/haproxy/sse.example.com.pem', pem)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${replicas[0]}`)
      .replaceAll('127.0.0.1:8082', `127.0.0.1:${replicas[1]}`);
    writeFileSync(join(folder, name), mutate(ours));
    return join(folder, name);
  });
  // example.cfg has what comes first, and "-f" keeps the order
  return { args: files.sort().flatMap((file) => ['-f', file]), port, tlsPort };
}

/** A real HAProxy: master and worker, as its systemd unit starts it. */
export const haproxyDriver = (
  command = 'haproxy',
  name = command,
  /**
   * 2.6 takes no notice of a client that leaves over HTTP/1.1, with "option abortonclose" either, and Debian has built it
   * without QUIC; 3.2 does, and has it.
   */
  age: '2.6' | '3.2' = '2.6',
): ProxyDriver => ({
  name,
  version: () => versionOf(command, '-v'),
  start: async (replicas, policy, mutate = (text) => text) => {
    const { args, port, tlsPort } = await siteOf(replicas, policy, mutate, age === '3.2');
    const program = startProgram(command, ['-W', '-db', ...args]);
    await program.prints(/Loading success/);
    const loads = (): number => program.output().split('Loading success').length - 1;
    const [plain, secure] = [`http://127.0.0.1:${port}`, `https://127.0.0.1:${tlsPort}`];
    return {
      url: plain,
      ways: [
        { name: 'HTTP/1.1', url: plain, http2: false, noticesLeaversLate: age === '2.6' },
        { name: 'HTTP/1.1 over TLS', url: secure, http2: false, noticesLeaversLate: age === '2.6' },
        { name: 'HTTP/2', url: plain, http2: true },
        { name: 'HTTP/2 over TLS', url: secure, http2: true },
        ...(age === '3.2' ? [{ name: 'HTTP/3', url: secure, http2: false, http3: true }] : []),
      ],
      reload: async () => {
        const before = loads();
        program.signal('SIGUSR2');
        await program.prints(new RegExp(`(Loading success[^]*){${before + 1}}`));
      },
      log: program.output,
    };
  },
  validate: async (policy, mutate = (text) => text) => {
    const { args } = await siteOf([8081, 8082], policy, mutate, age === '3.2');
    const { stdout, stderr } = await run(command, ['-c', ...args], { env: pathWithSbin });
    if (/WARNING|ALERT/.test(stdout + stderr)) throw new Error(stdout + stderr);
  },
});
