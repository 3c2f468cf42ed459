/** Whether something holds; undefined is "cannot be known from here". */
export type Verdict = boolean | undefined;

export const not = (negated: boolean, verdict: Verdict): Verdict =>
  negated && verdict !== undefined ? !verdict : verdict;

export function allOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

export function anyOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(true)) return true;
  return verdicts.includes(undefined) ? undefined : false;
}

/**
 * What an EventSource sends when it asks for a path, lower-case names; null is a header that it does not send. Others
 * cannot be known.
 */
export const headersOfEventSource: Readonly<Record<string, string | null>> = {
  accept: 'text/event-stream',
  upgrade: null,
  'content-type': null,
  'content-length': null,
};

/** Whether an expression finds something in a text; one in a dialect that JavaScript cannot read cannot be judged. */
export function finds(pattern: string, text: string): Verdict {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return undefined;
  }
}
