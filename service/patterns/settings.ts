import type { Fault, StreamPolicy } from '../../lib/policy/index.ts';

/** What `PATTERNS` may name. */
export const patternNames = ['notifications', 'dashboard', 'tokens'] as const;
export type PatternName = (typeof patternNames)[number];

/** The largest event that a pattern publishes without being asked to, with room to spare. */
export const patternEventBytes = 8192;

/** Which patterns are switched on, as `PATTERNS` lists them. Faults are added to the others. @default none */
export function patternsFrom(
  text: string | undefined,
  policy: StreamPolicy | undefined,
  faults: Fault[],
): readonly PatternName[] {
  const wanted = [...new Set((text ?? '').split(',').map((one) => one.trim()))].filter(Boolean);
  const known = patternNames.filter((name) => wanted.includes(name));
  for (const name of wanted) {
    if (!patternNames.some((one) => one === name))
      faults.push(fault(`PATTERNS (${name}) must be a list of ${patternNames.join(', ')}`));
  }
  if (known.length > 0 && policy !== undefined && policy.maxEventBytes < patternEventBytes) {
    faults.push(
      fault(`PATTERNS (${known}) needs maxEventBytes (${policy.maxEventBytes}) to be at least ${patternEventBytes}`),
    );
  }
  return known;
}

function fault(message: string): Fault {
  return { rule: 'environment', fields: ['PATTERNS'], message };
}
