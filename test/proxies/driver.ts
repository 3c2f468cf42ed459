import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StreamPolicy } from '../../lib/policy/index.ts';

/** Changes to a rendered file, for tests that have to see them fail. */
export type Mutation = (text: string) => string;

/** One way for a client to reach the proxy. */
export interface Way {
  readonly name: string;
  readonly url: string;
  readonly http2: boolean;
  readonly http3?: boolean;
  /** The proxy notices only when it writes to a client that it has left. */
  readonly noticesLeaversLate?: boolean;
}

/** A real proxy that runs with the files its target renders, unchanged but for ports and names. */
export interface RunningProxy {
  /** Over plain HTTP/1.1. */
  readonly url: string;
  readonly ways: readonly Way[];
  /** Reads its files again; resolves when new connections meet the new configuration. */
  readonly reload: () => Promise<void>;
  /** Does not ask the next replica when one turns a stream away: its health check has to notice a drain first. */
  readonly noticesDrainsLate?: boolean;
  /** What has been written to the access log so far; absent where the proxy writes none. */
  readonly log?: () => string;
}

export interface ProxyDriver {
  readonly name: string;
  /** Of the program, for the table of results. */
  readonly version: () => Promise<string>;
  /** Starts the rendered files in front of two replicas; ends with `stopPrograms`. */
  readonly start: (
    replicas: readonly [number, number],
    policy: StreamPolicy,
    mutate?: Mutation,
  ) => Promise<RunningProxy>;
  /** Lets the proxy's own validator look at the rendered files, and rejects with what it complains of. */
  readonly validate: (policy: StreamPolicy, mutate?: Mutation) => Promise<void>;
}

const run = promisify(execFile);

/** Servers live in folders that not everybody looks in. */
export const pathWithSbin: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`,
};

/** The first thing that looks like a version in what a program says of itself. */
export async function versionOf(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(command, args, { env: pathWithSbin });
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown';
}
