import { Redis } from 'ioredis';
import { freePort, type Program, startProgram, stopPrograms, temporaryFolder } from './programs.ts';

export interface RedisServer extends Program {
  readonly port: number;
  readonly url: string;
}

/** A redis-server that keeps nothing on disk. */
export async function startRedis(port?: number, args: readonly string[] = []): Promise<RedisServer> {
  const chosen = port ?? (await freePort());
  const options = [
    '--port',
    String(chosen),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    temporaryFolder(),
    // copies are served at once
    '--repl-diskless-sync-delay',
    '0',
  ];
  const program = startProgram('redis-server', [...options, ...args]);
  await program.prints(/Ready to accept connections/);
  return { ...program, port: chosen, url: `redis://127.0.0.1:${chosen}` };
}

/** A server for all tests of a file or a block, empty before each, and a client to look into it. */
export interface SharedRedis {
  readonly server: RedisServer;
  readonly admin: Redis;
}

export function sharedRedis(): SharedRedis {
  const shared: { server?: RedisServer; admin?: Redis } = {};
  beforeAll(async () => {
    shared.server = await startRedis();
    shared.admin = new Redis(shared.server.url);
  });
  beforeEach(async () => {
    await shared.admin?.flushall();
  });
  afterAll(async () => {
    shared.admin?.disconnect();
    await stopPrograms();
  });
  return shared as SharedRedis;
}
