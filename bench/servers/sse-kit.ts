import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { definePolicy, policyToEnv } from '../../lib/policy/index.ts';
import { freePort, isInstalled, listening, Program, sleep, temporaryFolder } from '../program.ts';
import { type RunningServer, type Server, startNode } from './server.ts';

/** The defaults, but for what would turn a load away that comes from one client at once, or write in between. */
const policy = definePolicy({
  maxStreams: 40_000,
  connectRatePerSecond: 100_000,
  heartbeatSeconds: 30,
  idleSeconds: 120,
  keepAliveSeconds: 130,
});

const env = { LOG_LEVEL: 'warn', ...policyToEnv(policy) };

/** The service as it is, with the embedded broker. */
export const sseKit: Server = {
  name: 'sse-kit',
  replays: true,
  missing: () => undefined,
  start: () => startService(),
};

const secret = randomBytes(32).toString('hex');

/** The service asking everybody for a token, each stream with a user and a token of its own. */
export const sseKitWithJwt: Server = {
  name: 'sse-kit with jwt',
  replays: true,
  tokens: (count) => Promise.all(Array.from({ length: count }, (_, index) => tokenOf(`user${index}`))),
  missing: () => undefined,
  start: () => startService({ AUTH_MODE: 'jwt', JWT_SECRET: secret }),
};

function tokenOf(user: string): Promise<string> {
  return new SignJWT({ sse: { subscribe: ['c*'], publish: ['c*'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(Buffer.from(secret));
}

/** The service on a Redis of its own, which shares the load's core. */
export const sseKitOnRedis: Server = {
  name: 'sse-kit on Redis',
  replays: true,
  missing: () => (isInstalled('redis-server') ? undefined : 'redis-server is not installed'),
  start: async () => {
    const port = await freePort();
    const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', temporaryFolder()];
    const redis = new Program('load', ['redis-server', '--port', String(port), ...options]);
    await listening(redis, port);
    const service = await startService({ REDIS_URL: `redis://127.0.0.1:${port}` });
    return {
      ...service,
      stop: async () => {
        await service.stop();
        await redis.stop();
      },
    };
  },
};

async function startService(more: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const service = await startNode('service/main.ts', { ...env, ...more });
  // the store is reached a moment after the service listens
  while (!(await fetch(`http://127.0.0.1:${service.port}/readyz`)).ok) await sleep(20);
  return service;
}
