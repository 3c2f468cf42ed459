import { allOf, anyOf, finds, headersOfEventSource, not, type Verdict } from '../verdict.ts';

/*
 * Rules are Go expressions of matchers with `&&`, `||`, `!` and parentheses
 * (doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority). Those of version 2 take several values.
 */

type Token = string;

/** Back-quoted and double-quoted strings, operators, and names. */
const tokenPattern = /`[^`]*`|"(?:\\.|[^"\\])*"|&&|\|\||[!(),]|\w+/g;

/**
 * Whether a rule takes the request of an EventSource for a path. Something about the path decides; what cannot be known
 * besides (a host, a network) does not stand in its way.
 */
export function matchesRule(rule: string, path: string): Verdict {
  const tokens = rule.match(tokenPattern) ?? [];
  let at = 0;
  const take = (token: Token): boolean => {
    const here = tokens[at] === token;
    if (here) at++;
    return here;
  };
  const alternatives = (): Verdict => {
    const verdicts = [conjunction()];
    while (take('||')) verdicts.push(conjunction());
    return anyOf(verdicts);
  };
  const conjunction = (): Verdict => {
    const verdicts = [term()];
    while (take('&&')) verdicts.push(term());
    return decided(verdicts);
  };
  const term = (): Verdict => {
    if (take('!')) return not(true, term());
    if (take('(')) {
      const inside = alternatives();
      take(')');
      return inside;
    }
    const name = tokens[at++] ?? '';
    const values: string[] = [];
    if (take('(')) while (at < tokens.length && !take(')')) if (!take(',')) values.push(unquoted(tokens[at++] ?? ''));
    return matcher(name, values, path);
  };
  return alternatives();
}

function decided(verdicts: readonly Verdict[]): Verdict {
  const all = allOf(verdicts);
  return all === undefined && verdicts.includes(true) ? true : all;
}

const unquoted = (token: Token): string =>
  token.startsWith('"') ? String(JSON.parse(token)) : token.replace(/^`|`$/g, '');

function matcher(name: string, values: readonly string[], path: string): Verdict {
  switch (name.toLowerCase()) {
    case 'path':
      return anyOf(values.map((value) => onPath(value, (plain) => path === plain)));
    case 'pathprefix':
      return anyOf(values.map((value) => onPath(value, (plain) => path.startsWith(plain))));
    case 'pathregexp':
      return anyOf(values.map((value) => finds(value, path)));
    case 'method':
      return values.includes('GET');
    case 'header':
    case 'headers':
      return onHeader(values, (given, wanted) => given === wanted);
    case 'headerregexp':
    case 'headersregexp':
      return onHeader(values, (given, wanted) => finds(wanted, given));
    default:
      return undefined;
  }
}

/** In version 2 a path may have placeholders, which only its router understands. */
const onPath = (value: string, test: (plain: string) => boolean): Verdict =>
  value.includes('{') ? undefined : test(value);

function onHeader(
  [name = '', wanted = '']: readonly string[],
  test: (given: string, wanted: string) => Verdict,
): Verdict {
  const given = headersOfEventSource[name.toLowerCase()];
  if (given === undefined) return undefined;
  return given === null ? false : test(given, wanted);
}
