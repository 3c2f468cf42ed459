import type { Fault } from '../../policy/index.ts';
import type { Values } from '../settings.ts';
import { type KeyTable, refusal } from './accepts.ts';
import { meant } from './spelling.ts';

/**
 * What a vendor's API refuses, and nothing notices before deployment: a rule over a resource's own values, whatever the
 * policy says. Values go by the vendor's names, attributes and properties side by side; one that is not set is absent.
 */
export interface VendorCheck {
  /** Public, as listed in docs/rules.md. */
  readonly id: string;
  readonly why: string;
  /** Where the numbers come from. */
  readonly source: string;
  /** The CloudFormation type it is about. */
  readonly on: string;
  /** Values that break it. */
  readonly example: Values;
  /** What is wrong; the fields of a fault are the keys to change. */
  readonly judge: (values: Values) => readonly Fault[];
}

interface Complaint {
  readonly keys: readonly string[];
  readonly message: string;
}

type CheckText = Omit<VendorCheck, 'judge'>;

export function vendorCheck(
  body: CheckText & { readonly broken: (values: Values) => readonly Complaint[] },
): VendorCheck {
  const { broken, ...words } = body;
  return {
    ...words,
    judge: (values) => broken(values).map(({ keys, message }) => ({ rule: words.id, fields: keys, message })),
  };
}

/** What is known of the attributes of one kind of resource. */
export interface Known {
  readonly table: KeyTable;
  /** What the kind is called in messages. */
  readonly of: string;
  /** Attributes that only other kinds have. */
  readonly elsewhere: KeyTable;
}

/** The kind by its values; `undefined` when they do not tell. */
type KnownFor = (values: Values) => Known | undefined;

/** Attributes are lower case and properties are not, in all of CloudFormation. */
const unknownAttributes = (values: Values, { table }: Known): readonly string[] =>
  Object.keys(values).filter((key) => /^[a-z]/.test(key) && table[key] === undefined);

const meantBy = (key: string, { table }: Known): string | undefined => meant(key, Object.keys(table));

/** No attribute may be misspelt, or be one that only another kind of resource has. */
export const rightKeys = (words: CheckText, knownFor: KnownFor): VendorCheck =>
  vendorCheck({
    ...words,
    broken: (values) => {
      const known = knownFor(values);
      if (known === undefined) return [];
      return unknownAttributes(values, known).flatMap((key) => {
        const name = meantBy(key, known);
        const advice = name === undefined ? 'remove it' : `did you mean ${name}?`;
        const certain = name !== undefined || known.elsewhere[key] !== undefined;
        return certain ? [{ keys: [key], message: `${key} is no attribute of ${known.of}; ${advice}` }] : [];
      });
    },
  });

/** The rest: attributes that resemble nothing on the list. They may be newer than it. */
export const listedKeys = (words: CheckText, knownFor: KnownFor): VendorCheck =>
  vendorCheck({
    ...words,
    broken: (values) => {
      const known = knownFor(values);
      if (known === undefined) return [];
      return unknownAttributes(values, known)
        .filter((key) => meantBy(key, known) === undefined && known.elsewhere[key] === undefined)
        .map((key) => ({
          keys: [key],
          message: `${key} is not on the list of attributes of ${known.of}; look it up, and acknowledge it if it is newer than the list`,
        }));
    },
  });

/** Every value has to be one that the API takes for its key. */
export const rightValues = (words: CheckText, tableFor: (values: Values) => KeyTable | undefined): VendorCheck =>
  vendorCheck({
    ...words,
    broken: (values) => {
      const table = tableFor(values) ?? {};
      return Object.entries(values).flatMap(([key, value]) => {
        const accepts = table[key];
        const refused = accepts && refusal(accepts, value);
        return refused === undefined ? [] : [{ keys: [key], message: `${key} (${value}) ${refused}` }];
      });
    },
  });
