import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StreamPolicy } from '../../lib/policy/index.ts';
import { caddyFiles } from '../../lib/targets/caddy/files.ts';
import { freePort, startProgram, temporaryFolder } from '../support/programs.ts';
import { type Mutation, type ProxyDriver, versionOf } from './driver.ts';

const run = promisify(execFile);

interface Site {
  readonly config: string;
  readonly log: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly admin: string;
  /** Keeps what Caddy remembers, such as its own certificates, in the test's folder. */
  readonly env: Readonly<Record<string, string>>;
}

/** The rendered files, but for ports, the certificate and paths that any account may write to. */
async function siteOf(replicas: readonly [number, number], policy: StreamPolicy, mutate: Mutation): Promise<Site> {
  const folder = temporaryFolder();
  const [port, tlsPort, adminPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const [admin, log] = [`127.0.0.1:${adminPort}`, join(folder, 'access.log')];
  const addresses = `http://127.0.0.1:${port}, https://127.0.0.1:${tlsPort}`;
  for (const [name, text] of Object.entries(caddyFiles(policy))) {
    const ours = text
      .replace('\n{\n', `\n{\n\tadmin ${admin}\n\tauto_https disable_redirects\n\tskip_install_trust\n`)
      .replace('\nsse.example.com {', `\n${addresses} {\n\ttls internal\n`)
      .replace('/var/log/caddy/sse-kit.log', log)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${replicas[0]}`)
      .replaceAll('127.0.0.1:8082', `127.0.0.1:${replicas[1]}`);
    writeFileSync(join(folder, name), mutate(ours));
  }
  const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return { config: join(folder, 'Caddyfile'), log, port, tlsPort, admin, env };
}

/** A real Caddy. */
export const caddyDriver = (
  command = 'caddy',
  name = 'caddy',
  /** 2.6.2 listens, and refuses the handshake of the curl that asks here. */
  http3 = false,
): ProxyDriver => ({
  name,
  version: () => versionOf(command, 'version'),
  start: async (replicas, policy, mutate = (text) => text) => {
    const { config, log, port, tlsPort, admin, env } = await siteOf(replicas, policy, mutate);
    const program = startProgram(command, ['run', '--config', config], env);
    await program.prints(/serving initial configuration/);
    const [plain, secure] = [`http://127.0.0.1:${port}`, `https://127.0.0.1:${tlsPort}`];
    return {
      url: plain,
      ways: [
        { name: 'HTTP/1.1', url: plain, http2: false },
        { name: 'HTTP/1.1 over TLS', url: secure, http2: false },
        { name: 'HTTP/2 over TLS', url: secure, http2: true },
        ...(http3 ? [{ name: 'HTTP/3', url: secure, http2: false, http3 }] : []),
      ],
      reload: async () => {
        await run(command, ['reload', '--force', '--config', config, '--address', admin], {
          env: { ...process.env, ...env },
        });
      },
      // its log of errors has addresses too
      log: () => linesOf(program.output()) + (existsSync(log) ? linesOf(readFileSync(log, 'utf8')) : ''),
    };
  },
  validate: async (policy, mutate = (text) => text) => {
    const { config, env } = await siteOf([8081, 8082], policy, mutate);
    await run(command, ['validate', '--config', config], { env: { ...process.env, ...env } });
  },
});

/** Lines of JSON, each behind how it was asked for where it tells of a request. */
const linesOf = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const [, method, uri] = /"method":"(\w+)".*?"uri":"([^"]*)"/.exec(line) ?? [];
      return `${method ?? ''} ${uri ?? ''} ${line}\n`;
    })
    .join('');
