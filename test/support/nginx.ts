import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type Program, startProgram, temporaryFolder } from './programs.ts';

const shipped = fileURLToPath(new URL('../../nginx', import.meta.url));

export interface Nginx extends Program {
  readonly url: string;
  readonly accessLog: string;
  /** Re-reads the configuration; resolves when the new workers have taken over. */
  readonly reload: () => Promise<void>;
}

/** Changes to a shipped file, for tests that have to see them fail. */
export type Mutation = (text: string) => string;

/** The files of nginx/ as they are, but for ports and for paths that any account may write to. */
export function siteIn(
  folder: string,
  port: number,
  replicas: readonly number[],
  mutate: Mutation = (text) => text,
): string {
  for (const name of readdirSync(shipped).filter((file) => file.endsWith('.conf'))) {
    const text = readFileSync(join(shipped, name), 'utf8')
      .replaceAll('listen 80;', `listen 127.0.0.1:${port};`)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${replicas[0]}`)
      .replaceAll('127.0.0.1:8082', `127.0.0.1:${replicas[1] ?? replicas[0]}`)
      .replaceAll('/var/log/nginx/sse-kit.log', join(folder, 'access.log'))
      .replace('\nhttp {', `\nhttp {\n${temporaryPaths(folder)}`);
    writeFileSync(join(folder, name), mutate(text));
  }
  return join(folder, 'example.conf');
}

function temporaryPaths(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  for (const kind of kinds) mkdirSync(join(folder, kind), { recursive: true });
  return kinds.map((kind) => `    ${kind}_temp_path ${join(folder, kind)};`).join('\n');
}

/** A real nginx in front of the given ports. */
export async function startNginx(
  replicas: readonly number[],
  { mutate, command = 'nginx' }: { mutate?: Mutation; command?: string } = {},
): Promise<Nginx> {
  const folder = temporaryFolder();
  const port = await freePort();
  const site = siteIn(folder, port, replicas, mutate);
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  const globals = `daemon off; pid ${join(folder, 'nginx.pid')}; error_log stderr notice; ${user}`;
  const program = startProgram(command, ['-e', 'stderr', '-c', site, '-g', globals]);
  await program.prints(/start worker process/);
  return {
    ...program,
    url: `http://127.0.0.1:${port}`,
    accessLog: join(folder, 'access.log'),
    reload: async () => {
      const printed = program.output().length;
      program.signal('SIGHUP');
      // by its place: a pattern for the n-th reload would look back over all of them
      await program.prints(/gracefully shutting down/, printed);
    },
  };
}
