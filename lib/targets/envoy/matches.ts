import { allOf, finds, headersOfEventSource, not, type Verdict } from '../verdict.ts';
import { child, items, type Tree, textOf } from '../yaml.ts';

const headersFor = (path: string): Readonly<Record<string, string | null>> => ({
  ...headersOfEventSource,
  ':method': 'GET',
  ':path': path,
});

/** Whether a header matcher (config.route.v3.HeaderMatcher) fits the request of an EventSource. */
export function matchesHeader(matcher: Tree, path: string): Verdict {
  const value = headersFor(path)[(textOf(child(matcher, 'name')) ?? '').toLowerCase()];
  if (value === undefined) return undefined;
  const present = textOf(child(matcher, 'present_match'));
  const inverted = textOf(child(matcher, 'invert_match')) === 'true';
  if (present !== undefined) return not(inverted, (value !== null) === (present === 'true'));
  if (value === null) return inverted;
  return not(inverted, matchesText(child(matcher, 'string_match'), value) ?? matchesLegacy(matcher, value));
}

/** Before string_match each way had a field of its own. Without any, being there is enough. */
function matchesLegacy(matcher: Tree, value: string): Verdict {
  const ways = ['exact', 'prefix', 'suffix', 'contains', 'safe_regex'] as const;
  const way = ways.find((one) => child(matcher, `${one}_match`) !== undefined);
  if (way === undefined) return child(matcher, 'range_match') === undefined ? true : undefined;
  const pattern = child(matcher, `${way}_match`);
  return compare(way, way === 'safe_regex' ? textOf(child(pattern, 'regex')) : textOf(pattern), value, false);
}

/** type.matcher.v3.StringMatcher, and the one of xds. */
export function matchesText(matcher: Tree | undefined, value: string): Verdict {
  const insensitive = textOf(child(matcher, 'ignore_case')) === 'true';
  for (const way of ['exact', 'prefix', 'suffix', 'contains'] as const) {
    const pattern = child(matcher, way);
    if (pattern) return compare(way, textOf(pattern), value, insensitive);
  }
  const regex = child(matcher, 'safe_regex', 'regex');
  return regex ? compare('safe_regex', textOf(regex), value, false) : undefined;
}

type Way = 'exact' | 'prefix' | 'suffix' | 'contains' | 'safe_regex';

function compare(way: Way, pattern: string | undefined, value: string, insensitive: boolean): Verdict {
  if (pattern === undefined) return undefined;
  const [wanted, given] = insensitive ? [pattern.toLowerCase(), value.toLowerCase()] : [pattern, value];
  switch (way) {
    case 'exact':
      return given === wanted;
    case 'prefix':
      return given.startsWith(wanted);
    case 'suffix':
      return given.endsWith(wanted);
    case 'contains':
      return given.includes(wanted);
    case 'safe_regex':
      return wholly(wanted, given);
  }
}

/** RE2 expressions fit the whole text or not at all. */
const wholly = (pattern: string, text: string): Verdict => finds(`^(?:${pattern})$`, text);

/** Whether a route's match (config.route.v3.RouteMatch) takes the request of an EventSource for this path. */
export function matchesRoute(match: Tree | undefined, path: string): Verdict {
  const conditions = items(child(match, 'headers')).map((header) => matchesHeader(header, path));
  const unknown = [
    'query_parameters',
    'runtime_fraction',
    'tls_context',
    'dynamic_metadata',
    'filter_state',
    'cookies',
  ];
  const others = unknown.filter((name) => child(match, name) !== undefined).map((): Verdict => undefined);
  const grpc = child(match, 'grpc') === undefined ? [] : [false];
  return allOf([matchesPath(match, path), ...conditions, ...others, ...grpc]);
}

function matchesPath(match: Tree | undefined, path: string): Verdict {
  const insensitive = textOf(child(match, 'case_sensitive')) === 'false';
  const [given, fold] = insensitive
    ? [path.toLowerCase(), (text: string) => text.toLowerCase()]
    : [path, (text: string) => text];
  const prefix = textOf(child(match, 'prefix'));
  if (prefix !== undefined) return given.startsWith(fold(prefix));
  const exact = textOf(child(match, 'path'));
  if (exact !== undefined) return given === fold(exact);
  const separated = textOf(child(match, 'path_separated_prefix'));
  if (separated !== undefined) return given === fold(separated) || given.startsWith(`${fold(separated)}/`);
  const regex = textOf(child(match, 'safe_regex', 'regex'));
  if (regex !== undefined) return wholly(regex, path);
  return child(match, 'connect_matcher') === undefined ? undefined : false;
}
