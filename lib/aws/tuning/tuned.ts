import { type CfnResource, type IResolvable, Lazy } from 'aws-cdk-lib';

export type Bag = Readonly<Record<string, unknown>>;

/** One value that tuning has set. */
export interface Change {
  /** Path of the construct. */
  readonly construct: string;
  /** The attribute, parameter or property. */
  readonly key: string;
  /** `undefined` when nothing was set. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Whoever wants to know of changes. */
export type Report = (changes: readonly Change[]) => void;

/** How a property is looked at as names and values, and written again. */
interface Form {
  readonly read: (resolved: unknown) => Bag | undefined;
  readonly write: (values: Bag) => unknown;
}

/** A map; an intrinsic function instead of one cannot be read. */
export const map: Form = {
  read: (resolved) => {
    if (resolved === undefined || resolved === null) return {};
    return isBag(resolved) && !Object.keys(resolved).some((key) => key === 'Ref' || key.startsWith('Fn::'))
      ? resolved
      : undefined;
  },
  write: (values) => values,
};

/** A list of `key` and `value`, as Elastic Load Balancing has them. */
export const attributes: Form = {
  read: (resolved) => {
    if (resolved === undefined || resolved === null) return {};
    return Array.isArray(resolved)
      ? Object.fromEntries(resolved.filter(isBag).map(({ key, value }) => [String(key), value]))
      : undefined;
  },
  write: (values) => Object.entries(values).map(([key, value]) => ({ key, value })),
};

/**
 * A property with some values set. That happens when the template is written, and not before: L2 constructs go on filling
 * their lists until then, and what has been looked at once they do not look at again.
 *
 * @throws Error at synthesis, when only the deployment will know what stands there.
 */
export function tuned(
  { node: { path } }: CfnResource,
  name: string,
  property: unknown,
  { read, write }: Form,
  set: (now: Bag) => Bag,
  report: Report,
): IResolvable {
  return Lazy.uncachedAny({
    produce: (context) => {
      const now = read(context.resolve(property));
      if (now === undefined)
        throw new Error(`${name} of ${path} is known at deployment only; tune it where its value comes from`);
      const values = set(now);
      report(differences(path, now, values));
      const all = { ...now, ...values };
      return Object.keys(all).length === 0 ? undefined : write(all);
    },
  });
}

/** Which values are others than before. Elastic Load Balancing has them all as strings. */
export const differences = (construct: string, before: Bag, after: Bag): readonly Change[] =>
  Object.keys(after)
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ construct, key, before: before[key], after: after[key] }));

export const isBag = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values as strings, which is how attributes and parameters travel. */
export const asTexts = (values: Bag): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
