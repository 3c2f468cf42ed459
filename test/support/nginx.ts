import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePolicy, type StreamPolicy } from '../../lib/policy/index.ts';
import { nginxFiles } from '../../lib/targets/nginx/files.ts';
import { type CertificateFiles, certificateFiles } from './certificate.ts';
import { freePort, type Program, startProgram, temporaryFolder } from './programs.ts';

export interface Nginx extends Program {
  readonly url: string;
  /** Where it speaks TLS and HTTP/2; only with the lines of an age. */
  readonly secureUrl: string;
  readonly accessLog: string;
  /** Re-reads the configuration; resolves when the new workers have taken over. */
  readonly reload: () => Promise<void>;
}

/** Changes to a rendered file, for tests that have to see them fail. */
export type Mutation = (text: string) => string;

/** Lines of example.conf that are comments, because no version takes them all: those of an age are switched on. */
const switched = {
  'before 1.25.1': ['listen 443 ssl http2;'],
  'from 1.25.1': [
    'listen 443 ssl;',
    'http2 on;',
    'listen 443 quic reuseport;',
    `add_header Alt-Svc 'h3=":443"; ma=86400' always;`,
  ],
} as const;
const certified = [/# (ssl_certificate +)\S+;/, /# (ssl_certificate_key +)\S+;/] as const;

export type Age = keyof typeof switched;

export interface NginxOptions {
  /** @default the policy's defaults, whose files are those of nginx/ */
  readonly policy?: StreamPolicy;
  /** Whose lines for TLS and HTTP/2 are switched on. @default none: plain HTTP/1.1 */
  readonly age?: Age;
  readonly mutate?: Mutation;
}

export interface Site {
  readonly config: string;
  readonly folder: string;
  readonly port: number;
  readonly securePort: number;
}

/** The rendered files as they are, but for ports, the certificate, and paths that any account may write to. */
export async function siteOf(
  replicas: readonly number[],
  { policy = definePolicy(), age, mutate = (text) => text }: NginxOptions,
): Promise<Site> {
  const folder = temporaryFolder();
  const [port, securePort] = await Promise.all([freePort(), freePort()]);
  for (const [name, text] of Object.entries(nginxFiles(policy))) {
    const secured = age === undefined || name !== 'example.conf' ? text : withTls(text, age, certificateFiles());
    const ours = secured
      .replaceAll('listen 80;', `listen 127.0.0.1:${port};`)
      .replaceAll('h3=":443"', `h3=":${securePort}"`)
      .replaceAll(/listen 443\b/g, `listen 127.0.0.1:${securePort}`)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${replicas[0]}`)
      .replaceAll('127.0.0.1:8082', `127.0.0.1:${replicas[1] ?? replicas[0]}`)
      .replaceAll('/var/log/nginx/sse-kit.log', join(folder, 'access.log'))
      .replace('\nhttp {', `\nhttp {\n${temporaryPaths(folder)}`);
    writeFileSync(join(folder, name), mutate(ours));
  }
  return { config: join(folder, 'example.conf'), folder, port, securePort };
}

function withTls(text: string, age: Age, { certFile, keyFile }: CertificateFiles): string {
  const listening = switched[age].reduce((some, line) => replaced(some, `# ${line}\n`, `${line}\n`), text);
  return [certFile, keyFile].reduce(
    (some, path, index) => replaced(some, certified[index] as RegExp, `$1${path};`),
    listening,
  );
}

/** A line that is no longer there must not go unnoticed. */
function replaced(text: string, what: string | RegExp, instead: string): string {
  const changed = text.replace(what, instead);
  if (changed === text) throw new Error(`example.conf has no ${what}`);
  return changed;
}

function temporaryPaths(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  for (const kind of kinds) mkdirSync(join(folder, kind), { recursive: true });
  return kinds.map((kind) => `    ${kind}_temp_path ${join(folder, kind)};`).join('\n');
}

/** What the command line adds to the files; workers as whoever runs the tests, for the test's own folder. */
export function nginxArgs({ config, folder }: Site): readonly string[] {
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  const globals = `daemon off; pid ${join(folder, 'nginx.pid')}; error_log stderr notice; ${user}`;
  return ['-e', 'stderr', '-c', config, '-g', globals];
}

/** A real nginx in front of the given ports. */
export async function startNginx(
  replicas: readonly number[],
  { command = 'nginx', ...options }: NginxOptions & { readonly command?: string } = {},
): Promise<Nginx> {
  const site = await siteOf(replicas, options);
  const program = startProgram(command, nginxArgs(site));
  await program.prints(/start worker process/);
  return {
    ...program,
    url: `http://127.0.0.1:${site.port}`,
    secureUrl: `https://127.0.0.1:${site.securePort}`,
    accessLog: join(site.folder, 'access.log'),
    reload: async () => {
      const printed = program.output().length;
      program.signal('SIGHUP');
      // by its place: a pattern for the n-th reload would look back over all of them
      await program.prints(/gracefully shutting down/, printed);
    },
  };
}
