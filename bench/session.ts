import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, faultsOf, type Report } from './client.ts';
import type { CpuProfile } from './profile.ts';
import { sleep, temporaryFolder } from './program.ts';
import type { RunningServer, Server } from './servers/server.ts';

/** A measured part of a run, checked. */
export interface Measured extends Report {
  /** Processor time of the server, over all that was delivered. */
  readonly serverCpu: number;
  /** How busy the load's core was with the load, from 0 to 1: near 1 the load was the limit, and not the server. */
  readonly loadBusy: number;
  /** The highest resident memory of the server while it went on. */
  readonly peakBytes: number;
}

export interface DriveOptions {
  /** Events under way at any time. @default 1 */
  readonly window?: number;
  /** Events in one publish. @default 1 */
  readonly batch?: number;
  readonly ms: number;
  /** Events a second, instead of a window. */
  readonly rate?: number;
}

export interface OpenOptions {
  readonly streams: number;
  /** Stream i is on channel i mod channels. @default 1 */
  readonly channels?: number;
  /** From where the streams were when they were dropped. @default false */
  readonly resume?: boolean;
  /** Added to the query. */
  readonly query?: string;
}

/** A run that lost, repeated or reordered something, or whose streams were cut: it has no figures. */
class FailedRun extends Error {}

/** Is given the server's profile of each command. */
export type ProfileTaker = (command: string, profile: CpuProfile) => void;

/** One server and its load, started for one run. */
export class Session {
  readonly server: Server;
  readonly running: RunningServer;
  readonly client: Client;
  readonly #profiles: ProfileTaker | undefined;

  constructor(server: Server, running: RunningServer, profiles?: ProfileTaker) {
    this.server = server;
    this.running = running;
    this.#profiles = profiles;
    this.client = new Client(running.port, server.bare ?? false);
  }

  async open({ streams, channels = 1, resume = false, query = '-' }: OpenOptions): Promise<Report> {
    await this.#introduce(streams);
    const report = await this.#checked(`open ${streams} ${channels} ${resume ? 'resume' : 'fresh'} ${query}`);
    // a peer may send the head before it has put the stream on its list
    await sleep(200);
    return report;
  }

  /** Gives every stream a token of its own. */
  async #introduce(streams: number): Promise<void> {
    const tokens = await this.server.tokens?.(streams);
    if (tokens === undefined) return;
    const file = join(temporaryFolder(), 'tokens');
    writeFileSync(file, tokens.join('\n'));
    await this.client.tell(`tokens ${file}`);
  }

  /** What one of the service's counters says, all labels together; nothing for a peer. */
  async counter(name: string): Promise<number | undefined> {
    const response = await fetch(`http://127.0.0.1:${this.running.port}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name);
    return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async drive({ window = 1, batch = 1, ms, rate = 0 }: DriveOptions): Promise<Measured> {
    const { program } = this.running;
    const before = program.cpuSeconds();
    const began = performance.now();
    let peakBytes = 0;
    const looking = setInterval(() => {
      peakBytes = Math.max(peakBytes, program.residentBytes());
    }, 250);
    try {
      const report = await this.#checked(`drive ${window} ${batch} ${ms} ${rate}`);
      const loadBusy = report.clientCpu / ((performance.now() - began) / 1000);
      return { ...report, serverCpu: program.cpuSeconds() - before, loadBusy, peakBytes };
    } finally {
      clearInterval(looking);
    }
  }

  publish(count: number, batch = 1): Promise<Report> {
    return this.#checked(`publish ${count} ${this.server.bare ? 1 : batch}`);
  }

  /** Waits until every stream has everything; the seconds are those since the streams began to open. */
  caughtUp(ms = 60_000): Promise<Report> {
    return this.#checked(`await ${ms}`);
  }

  /** The first streams are not read from here on. */
  stall(streams: number): Promise<Report> {
    return this.#checked(`stall ${streams}`);
  }

  /** Cuts all streams, and gives the server a moment to notice. */
  async drop(): Promise<void> {
    await this.#checked('drop');
    await sleep(500);
  }

  /** Resident memory of the server once it is quiet and has collected its garbage. */
  async settledBytes(): Promise<number> {
    await sleep(300);
    if (this.running.takesOrders) await this.running.program.order('collect');
    await sleep(300);
    return this.running.program.residentBytes();
  }

  async #tell(command: string): Promise<Report> {
    if (this.#profiles === undefined || !this.running.takesOrders) return this.client.tell(command);
    await this.running.program.order('profile');
    const report = await this.client.tell(command);
    this.#profiles(command, (await this.running.program.order('profiled')) as CpuProfile);
    return report;
  }

  async #checked(command: string): Promise<Report> {
    const report = await this.#tell(command);
    const faults = faultsOf(report);
    if (faults.length > 0) throw new FailedRun(`${command}: ${faults.join(', ')}`);
    return report;
  }
}

/** Starts a server and its load, and stops both whatever happens. */
export async function withSession(
  server: Server,
  use: (session: Session) => Promise<void>,
  profiles?: ProfileTaker,
): Promise<void> {
  const running = await server.start();
  const session = new Session(server, running, profiles);
  try {
    await use(session);
  } finally {
    await session.client.stop();
    await running.stop();
  }
}
