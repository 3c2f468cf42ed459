import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Age, nginxArgs, siteOf, startNginx } from '../support/nginx.ts';
import { type ProxyDriver, pathWithSbin, versionOf } from './driver.ts';

const run = promisify(execFile);

/** A real nginx, with the lines of its age switched on. */
export const nginxDriver = (age: Age, command = 'nginx', name = command): ProxyDriver => ({
  name,
  version: () => versionOf(command, '-v'),
  start: async (replicas, policy, mutate = (text) => text) => {
    const { url, secureUrl, accessLog, reload } = await startNginx(replicas, { policy, age, mutate, command });
    return {
      url,
      ways: [
        { name: 'HTTP/1.1', url, http2: false },
        { name: 'HTTP/1.1 over TLS', url: secureUrl, http2: false },
        ...(age === 'from 1.25.1' ? [{ name: 'HTTP/2', url, http2: true }] : []),
        { name: 'HTTP/2 over TLS', url: secureUrl, http2: true },
        ...(age === 'from 1.25.1' ? [{ name: 'HTTP/3', url: secureUrl, http2: false, http3: true }] : []),
      ],
      reload,
      // its log of errors quotes requests, and cannot be told otherwise
      log: () => (existsSync(accessLog) ? readFileSync(accessLog, 'utf8') : ''),
    };
  },
  validate: async (policy, mutate = (text) => text) => {
    const site = await siteOf([8081, 8082], { policy, age, mutate });
    const { stderr } = await run(command, ['-t', ...nginxArgs(site)], { env: pathWithSbin });
    if (/\[(warn|error|emerg)\]/.test(stderr)) throw new Error(stderr);
  },
});
