import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, type Program, startProgram, temporaryFolder } from './programs.ts';
import { type RedisServer, startRedis } from './redis.ts';

/** Runs a command and returns what the server says, on a connection of its own. */
export async function ask(server: { readonly port: number }, command: string, ...args: (string | number)[]) {
  // nothing but the command: a server that is busy would refuse all else
  const plain = { lazyConnect: true, enableReadyCheck: false, disableClientInfo: true, retryStrategy: null } as const;
  const client = new Redis(server.port, '127.0.0.1', plain);
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

/** Waits for a condition that nothing announces. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A copy that has caught up with its primary. */
export async function startCopy(primary: RedisServer, args: readonly string[] = []): Promise<RedisServer> {
  const copy = await startRedis(undefined, ['--replicaof', `127.0.0.1 ${primary.port}`, ...args]);
  await until(async () => String(await ask(copy, 'INFO', 'replication')).includes('master_link_status:up'));
  return copy;
}

/** A sentinel that calls the primary `mymaster` and gives up on it after half a second. */
export async function startSentinel(primary: RedisServer): Promise<Program & { readonly port: number }> {
  const port = await freePort();
  const file = join(temporaryFolder(), 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor mymaster 127.0.0.1 ${primary.port} 1`,
      'sentinel down-after-milliseconds mymaster 500',
      'sentinel failover-timeout mymaster 3000',
    ].join('\n'),
  );
  const program = startProgram('redis-server', [file, '--sentinel']);
  await program.prints(/\+monitor/);
  // it learns of the copies by asking the primary, and could not choose one before
  await until(async () => String(await ask({ port }, 'SENTINEL', 'REPLICAS', 'mymaster')).includes('slave'));
  return { ...program, port };
}

/** Three primaries that share the slots. */
export async function startCluster(): Promise<readonly RedisServer[]> {
  const nodes: RedisServer[] = [];
  for (let node = 0; node < 3; node++) {
    const [port, bus] = [await freePort(), await freePort()];
    nodes.push(await startRedis(port, ['--cluster-enabled', 'yes', '--cluster-port', String(bus)]));
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  for (const node of nodes)
    await until(async () => String(await ask(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok'));
  return nodes;
}

/** The files of a certificate authority and of a server that it vouches for. */
export interface Certificates {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

/** A certificate for a name or an address, by an authority of its own. */
export function certificatesFor(subject: string): Certificates {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...curve, '-keyout', path('ca.key'), '-out', path('ca.pem'), '-subj', '/CN=ca', '-days', '2');
  openssl('req', ...curve, '-keyout', path('key.pem'), '-out', path('csr.pem'), '-subj', '/CN=redis');
  writeFileSync(path('names'), `subjectAltName=${subject}`);
  const signing = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('names')];
  openssl('x509', '-req', '-in', path('csr.pem'), '-out', path('cert.pem'), '-days', '2', ...signing);
  return { ca: path('ca.pem'), key: path('key.pem'), cert: path('cert.pem') };
}
