import { allOf, finds, headersOfEventSource, type Verdict } from '../verdict.ts';
import { at, type Manifest } from './manifest.ts';

/** The rule of an HTTPRoute, and the route that it stands in. */
export interface RouteRule {
  readonly route: Manifest;
  readonly rule: unknown;
}

interface Candidate extends RouteRule {
  readonly verdict: Verdict;
  readonly weight: readonly number[];
}

/** Which of somebody's HTTPRoutes takes an EventSource's request for a path: the most precise match that fits. */
export function streamRule(manifests: readonly Manifest[], path = '/events'): RouteRule | undefined {
  const candidates = manifests
    .filter(({ kind }) => kind === 'HTTPRoute')
    .flatMap((route) =>
      itemsAt(route.spec, 'rules').flatMap((rule) =>
        (at(rule, 'matches') === undefined ? [{}] : itemsAt(rule, 'matches')).map((match) => ({
          route,
          rule,
          verdict: fits(match, path),
          weight: weightOf(match),
        })),
      ),
    )
    .filter(({ verdict }) => verdict !== false)
    .sort(byPrecedence);
  // what is certain comes first; a condition that cannot be known from here may hold
  return candidates.find(({ verdict }) => verdict === true) ?? candidates[0];
}

/** A list, where there is one. */
export function itemsAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Each request has one of its own from the proxy, before it is routed: some request fits any expression. */
const drawn = 'x-request-id';

const fits = (match: unknown, path: string): Verdict =>
  allOf([
    fitsPath(match, path),
    (at(match, 'method') ?? 'GET') === 'GET',
    itemsAt(match, 'queryParams').length > 0 ? undefined : true,
    ...itemsAt(match, 'headers').map(fitsHeader),
  ]);

function fitsPath(match: unknown, path: string): Verdict {
  const type = at(match, 'path', 'type') ?? 'PathPrefix';
  const value = String(at(match, 'path', 'value') ?? '/');
  if (type === 'Exact') return path === value;
  if (type === 'RegularExpression') return finds(`^(?:${value})$`, path);
  const prefix = value.replace(/\/$/, '');
  return path === prefix || path.startsWith(`${prefix}/`);
}

function fitsHeader(header: unknown): Verdict {
  const name = String(at(header, 'name')).toLowerCase();
  const value = String(at(header, 'value'));
  if (name === drawn) return true;
  const sent = headersOfEventSource[name];
  if (sent === undefined || sent === null) return sent === null ? false : undefined;
  return at(header, 'type') === 'RegularExpression' ? finds(`^(?:${value})$`, sent) : sent === value;
}

/** Precedence of matches, as HTTPRouteRule has it (kubernetes-sigs/gateway-api:apis/v1/httproute_types.go). */
function weightOf(match: unknown): readonly number[] {
  const type = at(match, 'path', 'type');
  return [
    type === 'Exact' ? 1 : 0,
    String(at(match, 'path', 'value') ?? '/').length,
    at(match, 'method') === undefined ? 0 : 1,
    itemsAt(match, 'headers').length,
    itemsAt(match, 'queryParams').length,
  ];
}

const byPrecedence = (a: Candidate, b: Candidate): number =>
  b.weight.map((weight, index) => weight - (a.weight[index] ?? 0)).find((difference) => difference !== 0) ?? 0;

/** The Gateways that a route is attached to, by name. */
export const gatewaysOf = (route: Manifest | undefined): readonly string[] =>
  itemsAt(route?.spec, 'parentRefs').map((parent) => String(at(parent, 'name')));

/** A kind of object, and the names it may have there. */
export type Attachment = readonly [kind: string, ...names: readonly string[]];

/** The policy of a kind that is attached to the first of the given things that has one. */
export function attached(
  manifests: readonly Manifest[],
  kind: string,
  ...things: readonly Attachment[]
): Manifest | undefined {
  const policies = manifests.filter((manifest) => manifest.kind === kind);
  const targets = (policy: Manifest): readonly unknown[] => [
    ...itemsAt(policy.spec, 'targetRefs'),
    at(policy.spec, 'targetRef'),
  ];
  return things
    .map(([thing, ...names]) =>
      policies.find((policy) =>
        targets(policy).some((ref) => at(ref, 'kind') === thing && names.includes(String(at(ref, 'name')))),
      ),
    )
    .find((policy) => policy !== undefined);
}

/** The Services behind a rule. */
export const servicesOf = (rule: RouteRule | undefined): readonly string[] =>
  itemsAt(rule?.rule, 'backendRefs').map((backend) => String(at(backend, 'name')));
