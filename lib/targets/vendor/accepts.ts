import type { Setting } from '../settings.ts';

/** What a vendor's API takes as the value of one key. */
export type Accepts =
  | { readonly kind: 'number'; readonly least: number; readonly most: number; readonly also?: readonly string[] }
  | { readonly kind: 'one-of'; readonly values: readonly string[] }
  | { readonly kind: 'text' };

/** Keys of one place, each with what it takes. */
export type KeyTable = Readonly<Record<string, Accepts>>;

/** Whole numbers of a range; `also` are words or numbers outside of it that are taken too. */
export const number = (least: number, most: number, ...also: readonly string[]): Accepts => ({
  kind: 'number',
  least,
  most,
  also,
});
export const oneOf = (...values: readonly string[]): Accepts => ({ kind: 'one-of', values });
export const trueOrFalse = oneOf('true', 'false');
export const text: Accepts = { kind: 'text' };

/** What the value would have to be, and the nearest one that is; `undefined` when it is taken as it is. */
export function refusal(accepts: Accepts, value: Setting['value']): string | undefined {
  switch (accepts.kind) {
    case 'text':
      return undefined;
    case 'one-of':
      return accepts.values.includes(String(value)) ? undefined : `must be ${orList(accepts.values)}`;
    case 'number':
      return numberRefusal(accepts, value);
  }
}

function numberRefusal({ least, most, also = [] }: Accepts & { kind: 'number' }, value: Setting['value']) {
  const amount = Number(value);
  if (also.includes(String(value)) || (Number.isInteger(amount) && amount >= least && amount <= most)) return undefined;
  const accepted = `must be ${orList([...also, `a whole number from ${least} to ${most}`])}`;
  if (amount > most) return `${accepted}; lower it to ${most}`;
  return amount < least ? `${accepted}; raise it to ${least}` : accepted;
}

const orList = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
