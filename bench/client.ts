import { createInterface } from 'node:readline';
import { compile } from './compile.ts';
import { Program } from './program.ts';

/** What the load answers to a command; see load/main.c. */
export interface Report {
  readonly opened: number;
  readonly failed: number;
  readonly closed: number;
  readonly events: number;
  readonly deliveries: number;
  readonly lost: number;
  readonly repeated: number;
  readonly gaps: number;
  readonly refused: number;
  readonly complete: boolean;
  /** Deliveries and seconds of the part of a drive in which publishing went on. */
  readonly inside: number;
  readonly seconds: number;
  /** Microseconds from the publish to the receipt. */
  readonly p50: number;
  readonly p99: number;
  readonly clientCpu: number;
}

const sources = ['main.c', 'stream.c', 'publish.c', 'latency.c'].map((name) => `load/${name}`);

/** The load client: a process that takes one command at a time. */
export class Client {
  readonly #program: Program;
  readonly #answers: AsyncIterator<string>;

  constructor(port: number, bare: boolean) {
    const command = [compile('load', sources), '127.0.0.1', String(port), bare ? 'bare' : 'events'];
    this.#program = new Program('load', command, { stdio: ['pipe', 'pipe', 'pipe'] });
    if (!this.#program.child.stdout) throw new Error('the load has no standard output');
    this.#answers = createInterface({ input: this.#program.child.stdout })[Symbol.asyncIterator]();
  }

  async tell(command: string): Promise<Report> {
    this.#program.child.stdin?.write(`${command}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the load ended at "${command}": ${this.#program.errors}`);
    return JSON.parse(value);
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/** What makes a run a failed one, in words; empty when every stream got everything once and in order. */
export function faultsOf(report: Report): readonly string[] {
  const { lost, repeated, gaps, failed, closed, refused, complete } = report;
  const counts = {
    lost,
    repeated,
    gaps,
    'streams not opened': failed,
    'streams closed': closed,
    'publishes refused': refused,
  };
  const faults = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
  return complete ? faults : [...faults, 'not everything had arrived when the time was up'];
}
