import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program that a test started; ends with `stopPrograms`. */
export interface Program {
  readonly pid: number;
  /** Everything it has printed so far. */
  readonly output: () => string;
  /** Resolves once its output matches, from a place in it on. @default from its beginning */
  readonly prints: (pattern: RegExp, from?: number) => Promise<void>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Where bin/install-missing.mjs has unpacked programs of a newer Debian suite. */
export const suiteFolder = (suite: string): string =>
  fileURLToPath(new URL(`../../.cache/suites/${suite}`, import.meta.url));

/** A program of a newer suite. */
export const newer = (program: string, suite = 'forky'): string => join(suiteFolder(suite), 'bin', program);

const running = new Map<ChildProcess, Pick<Program, 'output' | 'exited'>>();
const folders: string[] = [];

/** Starts a program in this process's environment plus `env`. Sbin folders are looked in too: servers live there. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Program {
  const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
  const child = spawn(command, args, {
    env: { ...process.env, PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // a group of its own, so that workers end with their master
    detached: true,
    ...(cwd !== undefined && { cwd }),
  });
  let printed = '';
  const lookers = new Set<() => void>();
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on('data', (piece: Buffer) => {
      printed += piece.toString();
      for (const look of [...lookers]) look();
    });
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)));
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => {});
  const output = (): string => printed;
  running.set(child, { output, exited });
  const prints = (pattern: RegExp, from = 0): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(printed.slice(from))) return;
        lookers.delete(look);
        resolve();
      };
      lookers.add(look);
      exited.then(() => reject(new Error(`${command} ended before it printed ${pattern}:\n${printed}`)), reject);
      look();
    });
  return { pid: child.pid ?? 0, output, prints, exited, signal: (signal) => void child.kill(signal) };
}

/** What is running now: for `stopPrograms` to leave alone. */
export const runningPrograms = (): ReadonlySet<unknown> => new Set(running.keys());

/** For `afterAll`: ends everything that was started here, and removes the folders. */
export async function stopPrograms(): Promise<void> {
  await stopProgramsBut(new Set());
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** For `afterEach`, where a test starts programs that are too large to be left running until the last test. */
export async function stopProgramsBut(kept: ReadonlySet<unknown>): Promise<void> {
  const ended = [...running].filter(([child]) => !kept.has(child));
  for (const [child] of ended) {
    running.delete(child);
    signalGroup(child, 'SIGKILL');
  }
  await Promise.allSettled(ended.map(([, { exited }]) => exited));
  for (const [child, { output }] of ended) if (child.spawnfile === process.execPath) expectNoSecrets(output());
}

/** JSON in base64url and a dot, twice, is a token; a ticket is 43 characters of the same alphabet. */
const secrets = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.|(?:ticket|token)=[\w-]{16,}/;

/** Whatever a test is about: none of our programs ever prints a token or a ticket. */
export function expectNoSecrets(output: string): void {
  const line = output.split('\n').find((one) => secrets.test(one));
  if (line !== undefined) throw new Error(`a token or a ticket was printed:\n${line}`);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // it has ended by itself
  }
}

/** A folder of the test's own, removed by `stopPrograms`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sse-kit-'));
  folders.push(folder);
  return folder;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
