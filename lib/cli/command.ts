import type { Command } from 'commander';
import type { KitConfig } from '../config/load.ts';

/** The world of one run, so that tests can be one. */
export interface Io {
  /** Results: what another program may read. */
  readonly out: (text: string) => void;
  /** Messages: what a person has to know. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Exit status: everything is fine, something was found, the command was used wrongly. */
export const status = { fine: 0, findings: 1, wrongUse: 2 } as const;

/** What a command has to say: as text for people, and as data for `--json`. */
export interface Outcome {
  readonly text: string;
  readonly data: unknown;
  readonly status: typeof status.fine | typeof status.findings;
}

export interface Context {
  readonly io: Io;
  /** The configuration of `--config`, `SSE_KIT_CONFIG` or the folder. @throws PolicyError when it has faults. */
  readonly config: () => KitConfig;
}

/** Runs a command's body; printing, `--json` and exit status are the same for all of them. */
export type Act = (run: (context: Context) => Outcome | Promise<Outcome>) => Promise<void>;

/** Adds one command to the program. */
export type AddCommand = (program: Command, act: Act) => void;

/** A mistake in the command line that commander does not know about. */
export class UsageError extends Error {}
