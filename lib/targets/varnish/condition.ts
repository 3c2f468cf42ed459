import { textOf } from './syntax.ts';

/** What is known of a variable: its text, that it has one, that it has none, or nothing. */
export type Value = { readonly text: string } | 'present' | 'absent' | 'unknown';

/** By name, see `variable`. What is not in it is unknown. */
export type State = Map<string, Value>;

/** Header names are the same in upper and lower case, and a request is the same towards the backend. */
export const variable = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^bereq\./, 'req.')
    .replace(/^beresp\./, 'resp.');

export const text = (value: string): Value => ({ text: value });

/** The value of an expression: texts and variables behind one another. What is calculated is there, and not known. */
export function evaluate(words: readonly string[], state: State): Value {
  const pieces = words.filter((word) => word !== '+').map((word) => single(word, state));
  if (pieces.length === 1) return pieces[0] as Value;
  const texts = pieces.map((piece) => (piece === 'absent' ? '' : typeof piece === 'string' ? undefined : piece.text));
  return texts.includes(undefined) || words.includes('(') ? 'present' : text(texts.join(''));
}

function single(word: string, state: State): Value {
  const string = textOf(word);
  if (string !== undefined) return text(string);
  if (/^(\d|true$|false$)/.test(word)) return text(word);
  return state.get(variable(word)) ?? 'unknown';
}

/** Whether a condition holds; undefined is "cannot be known from here". */
export function judge(words: readonly string[], state: State): boolean | undefined {
  let next = 0;
  const either = (): boolean | undefined => {
    const verdicts = [both()];
    while (words[next] === '||' && ++next) verdicts.push(both());
    return verdicts.includes(true) ? true : verdicts.includes(undefined) ? undefined : false;
  };
  const both = (): boolean | undefined => {
    const verdicts = [one()];
    while (words[next] === '&&' && ++next) verdicts.push(one());
    return verdicts.includes(false) ? false : verdicts.includes(undefined) ? undefined : true;
  };
  const one = (): boolean | undefined => {
    if (words[next] === '!' && ++next) return not(one());
    if (words[next] !== '(') return compare(operands(), state);
    next++;
    const inside = either();
    next++;
    return inside;
  };
  /** Up to what joins or closes; the parentheses of a call belong to it. */
  const operands = (): readonly string[] => {
    const start = next;
    for (let depth = 0; next < words.length; next++) {
      const word = words[next] ?? '';
      if (depth === 0 && /^(&&|\|\||\))$/.test(word)) break;
      depth += word === '(' ? 1 : word === ')' ? -1 : 0;
    }
    return words.slice(start, next);
  };
  return either();
}

const not = (verdict: boolean | undefined): boolean | undefined => (verdict === undefined ? undefined : !verdict);

type Comparison = (left: string, right: string) => boolean | undefined;

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '~': (left, right) => matches(left, right),
  '!~': (left, right) => not(matches(left, right)),
  '<': (left, right) => Number(left) < Number(right),
  '>': (left, right) => Number(left) > Number(right),
  '<=': (left, right) => Number(left) <= Number(right),
  '>=': (left, right) => Number(left) >= Number(right),
};

function compare(words: readonly string[], state: State): boolean | undefined {
  const at = words.findIndex((word) => word in comparisons);
  if (at < 0) return isThere(words, state);
  const [left, right] = [evaluate(words.slice(0, at), state), evaluate(words.slice(at + 1), state)];
  // a header that is not there is compared as an empty one
  const [first, second] = [left, right].map((value) => (value === 'absent' ? text('') : value));
  if (typeof first !== 'object' || typeof second !== 'object') return undefined;
  return comparisons[words[at] ?? '']?.(first.text, second.text);
}

function isThere(words: readonly string[], state: State): boolean | undefined {
  const value = evaluate(words, state);
  if (value === 'unknown' || words.length > 1) return undefined;
  if (value === 'absent') return false;
  return value === 'present' || value.text !== 'false';
}

/** PCRE knows more than JavaScript: an expression that only Varnish can read tells nothing. */
function matches(value: string, pattern: string): boolean | undefined {
  const [, flags, rest = ''] = /^(\(\?i\))?(.*)$/s.exec(pattern) ?? [];
  try {
    return new RegExp(rest, flags === undefined ? '' : 'i').test(value);
  } catch {
    return undefined;
  }
}
