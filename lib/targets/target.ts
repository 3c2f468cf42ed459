import { type Fault, type Hop, PolicyError, type PolicyRule, type StreamPolicy } from '../policy/index.ts';

/** Files to write or copy: name → text. */
export type Files = Readonly<Record<string, string>>;

/** For each policy field: where a target puts it, or why it has no place there. */
export type Coverage = Readonly<Record<keyof StreamPolicy, { readonly as: string } | { readonly because: string }>>;

/** What every target offers, whatever its configuration looks like. */
export interface AnyTarget {
  /** Its name in commands, errors and files. */
  readonly id: string;
  readonly title: string;
  readonly coverage: Coverage;
  /** What the vendor cannot express: rules over the policy with the vendor's numbers. */
  readonly limits: readonly PolicyRule[];
  /** The broken limits. */
  readonly limitFaults: (policy: StreamPolicy) => readonly Fault[];
  /** The configuration as text, each line with its reason. @throws PolicyError when a limit is broken. */
  readonly files: (policy: StreamPolicy) => Files;
  /** What this target does to a stream once configured by the policy: `read(render(policy))`. */
  readonly hop: (policy: StreamPolicy) => Hop;
}

/** A thing a stream passes through: policy → configuration → hop. */
export interface Target<Config> extends AnyTarget {
  /** The configuration in the vendor's own terms. @throws PolicyError when a limit is broken; nothing is clamped. */
  readonly render: (policy: StreamPolicy) => Config;
  /** What a configuration, ours or anybody's, does to a stream; what is not set counts with the vendor's default. */
  readonly read: (config: Config) => Hop;
}

type TargetBody<Config> = Pick<Target<Config>, 'id' | 'title' | 'coverage' | 'limits' | 'render' | 'read' | 'files'>;

/** Completes a target and puts its limits in front of everything that renders. */
export function defineTarget<Config>(body: TargetBody<Config>): Target<Config> {
  const limitFaults = (policy: StreamPolicy): readonly Fault[] =>
    body.limits.flatMap((limit) => {
      const verdict = limit.judge(policy);
      return verdict.verdict === 'broken' ? verdict.faults : [];
    });
  const within =
    <T>(render: (policy: StreamPolicy) => T) =>
    (policy: StreamPolicy): T => {
      const faults = limitFaults(policy);
      if (faults.length > 0) throw new PolicyError(`${body.title} cannot express the policy`, faults);
      return render(policy);
    };
  const render = within(body.render);
  return { ...body, limitFaults, render, files: within(body.files), hop: (policy) => body.read(render(policy)) };
}
