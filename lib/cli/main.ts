import { Command, CommanderError } from 'commander';
import { loadConfig } from '../config/load.ts';
import { PolicyError } from '../policy/index.ts';
import { addCheck } from './check.ts';
import { type Act, type AddCommand, type Io, status, UsageError } from './command.ts';
import { json } from './json.ts';
import { addRender } from './render.ts';
import { addTargets } from './targets.ts';
import { addToken } from './token.ts';

const commands: readonly AddCommand[] = [addCheck, addRender, addTargets, addToken];

interface GlobalOptions {
  readonly config?: string;
  readonly json?: true;
}

/** Runs one command line, without the program's own name in front, and returns its exit status. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const program = programFor(io);
  let result: number = status.fine;
  const act: Act = async (run) => {
    const { config: path, json: wantsJson } = program.opts<GlobalOptions>();
    const outcome = await run({ io, config: () => loadConfig({ path, env: io.env, cwd: io.cwd }) });
    io.out(wantsJson ? json(outcome.data) : outcome.text);
    result = outcome.status;
  };
  for (const add of commands) add(program, act);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return result;
  } catch (error) {
    return failed(error, io, program.opts<GlobalOptions>().json === true);
  }
}

function programFor(io: Io): Command {
  return new Command('sse-kit')
    .description("One stream policy, and every hop's configuration derived from it.")
    .option('--config <path>', 'configuration file (default: SSE_KIT_CONFIG, else sse-kit.config.json)')
    .option('--json', 'results as JSON')
    .addHelpText('after', '\nExit status: 0 fine, 1 findings, 2 wrong use. Results on stdout, messages on stderr.')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err });
}

function failed(error: unknown, io: Io, wantsJson: boolean): number {
  // commander has said what was wrong; asking for help is not wrong
  if (error instanceof CommanderError) return error.exitCode === 0 ? status.fine : status.wrongUse;
  if (error instanceof PolicyError) {
    io.err(`${error.message}\n`);
    if (wantsJson) io.out(json({ faults: error.faults }));
    return status.findings;
  }
  if (!(error instanceof UsageError) && !isSystemError(error)) throw error;
  io.err(`sse-kit: ${error.message}\n`);
  return status.wrongUse;
}

/** A folder that cannot be written and the like: the message says it all, and a stack would say nothing more. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  typeof error === 'object' && error !== null && 'syscall' in error;
