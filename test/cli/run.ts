import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../lib/cli/main.ts';

export interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A folder to run the CLI in, without starting a process. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'sse-kit-cli-'));

  /** The environment of the next runs. */
  env: Readonly<Record<string, string>> = {};

  /** Writes the configuration that the next runs find. */
  configure(config: unknown): void {
    writeFileSync(join(this.folder, 'sse-kit.config.json'), JSON.stringify(config));
  }

  async run(...argv: readonly string[]): Promise<Run> {
    const said = { out: '', err: '' };
    const status = await main(argv, {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      env: this.env,
      cwd: this.folder,
    });
    return { status, ...said };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
