import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What runs on which core: with two of them, servers and load do not take time from each other. */
export type Core = 'server' | 'load';
const cores: Readonly<Record<Core, string>> = { server: '0', load: '1' };
export const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

const sbin = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
/** Servers live in sbin folders, which not every user's path has. */
const path = [process.env.PATH, ...sbin].join(':');

export const isInstalled = (program: string): boolean =>
  path.split(':').some((folder) => existsSync(join(folder, program)));

/** Clock ticks per second in /proc/<pid>/stat: 100 on every Linux that Node runs on (USER_HZ). */
const ticksPerSecond = 100;

/** Processor time of the programs that have been stopped. */
let spent = 0;

/** Processor time of this process and of all programs that have been stopped. */
export const spentSeconds = (): number => spent + (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

const running = new Set<ChildProcess>();
const folders: string[] = [];

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdio?: StdioOptions;
}

/** A program of the bench: pinned, the head of its own process group, and gone when the bench ends. */
export class Program {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  #errors = '';

  constructor(core: Core, command: readonly string[], { env = {}, stdio }: ProgramOptions = {}) {
    const [file = '', ...args] = pinned ? ['taskset', '-c', cores[core], ...command] : command;
    this.child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, PATH: path, ...env },
      stdio: stdio ?? ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    running.add(this.child);
    this.exited = new Promise((resolve) => this.child.once('exit', () => resolve()));
    this.child.once('exit', () => running.delete(this.child));
    this.child.on('error', (error) => {
      this.#errors += error.message;
    });
    this.child.stderr?.on('data', (piece: Buffer) => {
      this.#errors = (this.#errors + piece.toString()).slice(-4000);
    });
  }

  /** The end of what it wrote to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** The process and those it started: all of its group. */
  get #pids(): readonly string[] {
    const group = String(this.child.pid);
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && statOf(pid)?.[2] === group);
  }

  /** Processor time so far, of the whole group. */
  cpuSeconds(): number {
    const ticks = this.#pids.map((pid) => statOf(pid)).map((stat) => Number(stat?.[11] ?? 0) + Number(stat?.[12] ?? 0));
    return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond;
  }

  /** Resident memory of the whole group. */
  residentBytes(): number {
    const kilobytes = this.#pids.map((pid) => /VmRSS:\s+(\d+)/.exec(procFile(pid, 'status') ?? '')?.[1]);
    return kilobytes.reduce((sum, one) => sum + Number(one ?? 0), 0) * 1024;
  }

  /** Sends an order to `inside.ts` and waits for its answer. */
  order(name: 'collect' | 'profile' | 'profiled'): Promise<unknown> {
    return new Promise((resolve) => {
      this.child.once('message', resolve);
      this.child.send(name);
    });
  }

  /** Ends the group at once: what is measured has been measured. */
  async stop(): Promise<void> {
    spent += this.cpuSeconds();
    kill(this.child);
    await this.exited;
  }
}

/** The fields of /proc/<pid>/stat from the state on; the name before them may hold anything. */
function statOf(pid: string): readonly string[] | undefined {
  const text = procFile(pid, 'stat');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function procFile(pid: string, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // it has ended meanwhile
    return undefined;
  }
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

process.on('exit', () => {
  for (const child of running) kill(child);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** A folder that goes with the bench. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sse-kit-bench-'));
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

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves once somebody listens on the port; @throws when the program ends first. */
export async function listening(program: Program, port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (program.child.exitCode !== null || program.child.pid === undefined)
      throw new Error(`${program.child.spawnargs.join(' ')} ended before it listened:\n${program.errors}`);
    if (await connects(port)) return;
    await sleep(20);
  }
  throw new Error(`${program.child.spawnargs.join(' ')} does not listen on port ${port}:\n${program.errors}`);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
