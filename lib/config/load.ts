import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import {
  defaults,
  definePolicy,
  type Fault,
  judgeSound,
  PolicyError,
  policyFaults,
  type StreamPolicy,
} from '../policy/index.ts';
import { crossFaults } from './cross-faults.ts';
import { sectionFaults } from './faults.ts';
import { type Sections, sections } from './schema.ts';
import { targetsInUse } from './targets-in-use.ts';

/** The configuration of one deployment: the policy that holds, and the sections with their defaults filled in. */
export interface KitConfig extends Omit<Sections, '$schema' | 'policy'> {
  readonly policy: StreamPolicy;
}

/** Where the configuration is looked for when nothing else is said. */
export const configFileName = 'sse-kit.config.json';

export interface ConfigSource {
  /** A file to read, as from `--config`. */
  readonly path?: string | undefined;
  /** Looked up for `SSE_KIT_CONFIG`. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @default process.cwd() */
  readonly cwd?: string;
  /** Keys of the aws section that win over the file's, as from `-c stage=prod`. @default none */
  readonly aws?: Readonly<Record<string, unknown>>;
}

/**
 * Reads the configuration file: `path`, else `SSE_KIT_CONFIG`, else sse-kit.config.json, else nothing but defaults.
 *
 * @throws PolicyError with everything that is wrong with it at once, limits of the targets in use included.
 */
export function loadConfig({ path, env = process.env, cwd = process.cwd(), aws = {} }: ConfigSource = {}): KitConfig {
  // an empty variable is how shells and CI systems say "unset"
  const named = path ?? (env.SSE_KIT_CONFIG || undefined);
  const file = resolve(cwd, named ?? configFileName);
  if (named === undefined && !existsSync(file)) return parseConfig(withAws({}, aws));
  return parseConfig(withAws(readJson(file), aws), file);
}

/** Leaves alone what is no configuration anyway: its fault is told as ever. */
function withAws(value: unknown, given: Readonly<Record<string, unknown>>): unknown {
  if (Object.keys(given).length === 0 || !isObject(value)) return value;
  if (value.aws !== undefined && !isObject(value.aws)) return value;
  return { ...value, aws: { ...value.aws, ...given } };
}

/** The same for a value that is already in memory. `where` names it in errors. */
export function parseConfig(value: unknown, where = configFileName): KitConfig {
  const parsed = sections.safeParse(value, { reportInput: true });
  const given = isObject(value) && value.policy !== undefined ? value.policy : {};
  const usable = parsed.success ? parsed.data : withoutFaults(value, parsed.error);
  const limits = targetsInUse(usable).flatMap((target) => target.limits);
  const ofPolicy = policyFaults(given);
  const faults = [
    ...(parsed.success ? crossFaults(parsed.data, soundPolicy(given, ofPolicy)) : sectionFaults(parsed.error)),
    ...[...ofPolicy, ...judgeSound(given, limits)].map(inPolicy),
  ];
  if (faults.length > 0 || !parsed.success) throw new PolicyError(`${where} does not hold`, faults);
  const policy = definePolicy(given as Partial<StreamPolicy>);
  const { $schema: _, ...rest } = parsed.data;
  return { ...rest, policy };
}

/** The policy as far as its fields are of the right kind, whatever the rules between them say. */
const soundPolicy = (given: unknown, faults: readonly Fault[]): StreamPolicy | undefined =>
  faults.some(({ rule }) => rule === 'policy-field') ? undefined : { ...defaults, ...(given as Partial<StreamPolicy>) };

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const fault: Fault = {
      rule: 'config-json',
      fields: [],
      message: `${file} must be a readable JSON file: ${(error as Error).message}`,
    };
    throw new PolicyError('no configuration could be read', [fault]);
  }
}

/** A fault of the policy, by its place in the file. */
function inPolicy({ rule, fields, message }: Fault): Fault {
  if (fields.length === 0) return { rule, fields: ['policy'], message };
  return { rule, fields: fields.map((field) => `policy.${field}`), message: `policy.${message}` };
}

/** What the sections say where they are sound: one typing error must not switch a target on or off. */
function withoutFaults(value: unknown, error: z.ZodError): Sections {
  const sound: Record<string, unknown> = isObject(value) ? structuredClone(value) : {};
  const places = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path],
  );
  for (const [section = '', name] of places.map((place) => place.map(String))) {
    const inside = sound[section];
    if (name !== undefined && isObject(inside)) delete inside[name];
    else delete sound[section];
  }
  const usable = sections.safeParse(sound);
  return usable.success ? usable.data : sections.parse({});
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
