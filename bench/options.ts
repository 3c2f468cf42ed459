import { parseArgs } from 'node:util';

export interface Options {
  /** Names of the scenarios to run; all when empty. */
  readonly only: readonly string[];
  /** Names of the servers to run; all when empty. */
  readonly servers: readonly string[];
  readonly quick: boolean;
  readonly streams: number | undefined;
  readonly rounds: number | undefined;
  /** Scenarios to profile the service in, after the measurements. */
  readonly profile: readonly string[];
  /** Where the report goes; nowhere by default when only a part was run. */
  readonly out: string | undefined;
}

export const usage = `npm run bench -- [options]
  --only a,b      only these scenarios
  --servers a,b   only these servers
  --quick         a fifth of the streams, one short round: to see that it works, not to quote
  --streams N     this many streams instead of 10,000
  --rounds N      this many rounds instead of three
  --profile a,b   profiles the service in these scenarios as well
  --out FILE      where the report goes (a full run writes bench/RESULTS.md)`;

/** @throws Error that names what is unknown, and what would be known. */
export function readOptions(
  args: readonly string[],
  scenarios: readonly string[],
  servers: readonly string[],
): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      servers: { type: 'string', default: '' },
      profile: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      streams: { type: 'string' },
      rounds: { type: 'string' },
      out: { type: 'string' },
    },
  });
  return {
    only: listOf('--only', values.only, scenarios),
    servers: listOf('--servers', values.servers, servers),
    profile: listOf('--profile', values.profile, scenarios),
    quick: values.quick,
    streams: numberOf('--streams', values.streams),
    rounds: numberOf('--rounds', values.rounds),
    out: values.out,
  };
}

function listOf(option: string, text: string, known: readonly string[]): readonly string[] {
  const list = text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  const strange = list.filter((one) => !known.includes(one));
  if (strange.length > 0) throw new Error(`${option} (${strange.join(', ')}) must be of ${known.join(', ')}`);
  return list;
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`${option} (${text}) must be a whole number from 1 to 99999`);
  return Number(text);
}
