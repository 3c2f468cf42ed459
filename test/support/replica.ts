import { fileURLToPath } from 'node:url';
import { definePolicy, policyToEnv, type StreamPolicy } from '../../lib/policy/index.ts';
import { freePort, type Program, startProgram } from './programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Replica extends Program {
  readonly name: string;
  readonly port: number;
  readonly url: string;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly redisUrl?: string;
  readonly policy?: Partial<StreamPolicy>;
  readonly port?: number;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The service as a process of its own, as it is started in production. Resolves once it is ready. */
export async function startReplica({ name, redisUrl, policy = {}, port, env: more }: ReplicaOptions): Promise<Replica> {
  const chosen = port ?? (await freePort());
  const env = {
    PORT: String(chosen),
    REPLICA: name,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ...policyToEnv(definePolicy(policy)),
    ...more,
  };
  const program = startProgram(process.execPath, ['--import', 'tsx', 'service/main.ts'], env, root);
  const url = `http://127.0.0.1:${chosen}`;
  await program.prints(/Server listening/);
  await ready(url);
  return { ...program, name, port: chosen, url };
}

/** The store is reached a moment after the service listens. */
async function ready(url: string): Promise<void> {
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
}
