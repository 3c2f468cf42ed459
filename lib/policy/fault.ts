/** One thing that is wrong with a policy or a hop, in a sentence that names fields, values and what would be accepted. */
export interface Fault {
  /** Id of the rule or limit that is broken; public, as listed in docs/rules.md. */
  readonly rule: string;
  /** The policy fields (or configuration paths) the sentence is about. */
  readonly fields: readonly string[];
  readonly message: string;
}

/** All faults of one policy or configuration. The message lists each on a line of its own. */
export class PolicyError extends Error {
  readonly faults: readonly Fault[];

  constructor(what: string, faults: readonly Fault[]) {
    super(`${what}:\n${faults.map(({ rule, message }) => `  ${message} [${rule}]`).join('\n')}`);
    this.name = 'PolicyError';
    this.faults = faults;
  }
}
